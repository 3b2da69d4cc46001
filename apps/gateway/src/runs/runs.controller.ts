import { Body, Controller, Get, HttpCode, Param, Post, Query, Res } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import type { FastifyReply } from 'fastify';
import { ForgeError, isId, type Caller, type ErrorCode, type RunList, type RunView } from '@agent-forge/contracts';
import { RunLog } from '@agent-forge/nats';
import { checkPipeline } from '@agent-forge/phases';
import { forkOf, withParams, type Command, type RunState } from '@agent-forge/run';
import { CallerOf } from '@agent-forge/runtime';
import { ApiAnswer } from '../docs/decorators.js';
import { REQUEST_ERRORS } from './request-errors.js';
import { RunFit } from './run-fit.js';
import { RunIndex } from './run-index.js';
import { ListQueryDto, ReasonDto, RedoDto, RunRequestDto } from './run-request.dto.js';
import { RunRequests } from './run-requests.js';
import { runView } from './run-view.js';

/** What may go wrong with what the owner of a run wants. */
const OWNER_ERRORS: ErrorCode[] = ['INVALID_ARGUMENT', 'NOT_FOUND', 'RUN_CONFLICT', 'BROKER_UNAVAILABLE'];

/** Runs: ask for one, look at them, end, pause, resume, retry and fork them. Every answer is a fold of the run log. */
@ApiTags('runs')
@Controller('v1/runs')
export class RunsController {
  constructor(
    private readonly log: RunLog,
    private readonly index: RunIndex,
    private readonly fit: RunFit,
    private readonly requests: RunRequests,
  ) {}

  @Post()
  @HttpCode(202)
  @ApiAnswer(202, 'RunView', {
    summary: 'Ask for a run. It is checked as far as possible before it is accepted.',
    description: 'The run, which works on by itself.',
    errors: REQUEST_ERRORS,
  })
  create(
    @Body() request: RunRequestDto,
    @CallerOf() caller: Caller,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<RunView> {
    return this.requests.accept(caller, request, reply);
  }

  @Get()
  @ApiAnswer(200, 'RunList', { summary: 'All runs, newest first.', errors: ['INVALID_ARGUMENT'] })
  list(@Query() { limit, after }: ListQueryDto, @CallerOf() caller: Caller): RunList {
    const { runs, next } = this.index.list(caller.tenant, limit, after);
    return { runs: runs.map(runView), ...(next ? { next } : {}) };
  }

  @Get(':run')
  @ApiAnswer(200, 'RunView', { summary: 'A run as it stands now.', errors: ['NOT_FOUND', 'BROKER_UNAVAILABLE'] })
  async get(@Param('run') run: string, @CallerOf() caller: Caller): Promise<RunView> {
    return runView(await loadRun(this.log, caller, run));
  }

  @Post(':run(^[a-z0-9]+)::cancel')
  @HttpCode(200)
  @ApiAnswer(200, 'RunView', {
    summary: 'End a run; what is being worked on is discarded.',
    errors: OWNER_ERRORS,
  })
  cancel(@Param('run') run: string, @Body() { reason = '' }: ReasonDto, @CallerOf() caller: Caller): Promise<RunView> {
    return this.#command(caller, run, { do: 'cancel', cancelledBy: caller.subject, reason });
  }

  @Post(':run(^[a-z0-9]+)::pause')
  @HttpCode(200)
  @ApiAnswer(200, 'RunView', {
    summary: 'Stop working on a run for now; what is being worked on is checkpointed and given back.',
    errors: OWNER_ERRORS,
  })
  pause(@Param('run') run: string, @Body() { reason = '' }: ReasonDto, @CallerOf() caller: Caller): Promise<RunView> {
    return this.#command(caller, run, { do: 'pause', pausedBy: caller.subject, reason });
  }

  @Post(':run(^[a-z0-9]+)::resume')
  @HttpCode(200)
  @ApiAnswer(200, 'RunView', { summary: 'Go on with a run that is paused.', errors: OWNER_ERRORS })
  resume(@Param('run') run: string, @CallerOf() caller: Caller): Promise<RunView> {
    return this.#command(caller, run, { do: 'resume', resumedBy: caller.subject });
  }

  @Post(':run(^[a-z0-9]+)::retry')
  @HttpCode(200)
  @ApiAnswer(200, 'RunView', {
    summary: 'Do a phase and all behind it anew, also after the run has ended.',
    errors: [...OWNER_ERRORS, 'BUDGET_EXCEEDED'],
  })
  async retry(
    @Param('run') run: string,
    @Body() { phase, params = {} }: RedoDto,
    @CallerOf() caller: Caller,
  ): Promise<RunView> {
    const { recipe } = await loadRun(this.log, caller, run);
    const changed = withParams(recipe, phase, params);
    checkPipeline(changed);
    await this.fit.assertFits(changed);
    return this.#command(caller, run, { do: 'retry', phase, params, retriedBy: caller.subject });
  }

  @Post(':run(^[a-z0-9]+)::fork')
  @HttpCode(201)
  @ApiAnswer(201, 'RunView', {
    summary: 'A new run that does a phase and all behind it anew and takes over the results before it.',
    description: 'The new run.',
    errors: [...OWNER_ERRORS, 'BUDGET_EXCEEDED'],
  })
  async fork(
    @Param('run') run: string,
    @Body() { phase, params = {} }: RedoDto,
    @CallerOf() caller: Caller,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<RunView> {
    const { recipe, fork } = forkOf(await loadRun(this.log, caller, run), phase, params);
    checkPipeline(recipe);
    await this.fit.assertFits(recipe);
    return this.requests.begin(caller, { do: 'request', recipe, requestedBy: caller.subject, fork }, reply);
  }

  async #command(caller: Caller, run: string, command: Command): Promise<RunView> {
    await loadRun(this.log, caller, run);
    const { state } = await this.log.execute(caller.tenant, run, command);
    await this.index.reached(state.sequence);
    return runView(state);
  }
}

/** A run of the caller's tenant. @throws ForgeError NOT_FOUND for every other name, whatever it looks like */
export async function loadRun(log: RunLog, { tenant }: Caller, run: string): Promise<RunState> {
  const state = isId(run) ? (await log.load(tenant, run)).state : undefined;
  if (state === undefined) throw new ForgeError('NOT_FOUND', 'there is no such run');
  return state;
}
