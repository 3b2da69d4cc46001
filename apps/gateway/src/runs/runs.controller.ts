import { Body, Controller, Get, HttpCode, Param, Post, Query, Res } from '@nestjs/common';
import { ApiBody, ApiTags } from '@nestjs/swagger';
import type { FastifyReply } from 'fastify';
import { ForgeError, isId, type Caller, type ErrorCode, type RunList, type RunView } from '@agent-forge/contracts';
import { RunLog } from '@agent-forge/nats';
import { checkPipeline } from '@agent-forge/phases';
import { forkOf, hasEnded, withParams, type Command, type RunState } from '@agent-forge/run';
import { CallerOf } from '@agent-forge/runtime';
import { ApiAnswer } from '../docs/decorators.js';
import { Conditional, ConditionalOf } from '../versions/conditional.js';
import { ApiIfMatch, ApiVersioned } from '../versions/decorators.js';
import { cursorBehind, keyOfCursor } from '../lists/cursor.js';
import { isWanted, ListRunsDto } from './list-runs.dto.js';
import { REQUEST_ERRORS } from './request-errors.js';
import { OpenRuns } from './open-runs.js';
import { RunFit } from './run-fit.js';
import { RunIndex } from './run-index.js';
import { ReasonDto, RedoDto, RunRequestDto } from './run-request.dto.js';
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
    private readonly openRuns: OpenRuns,
  ) {}

  @Post()
  @HttpCode(202)
  @ApiAnswer(202, 'RunView', {
    summary: 'Ask for a run. It is checked as far as possible before it is accepted.',
    description: 'The run, which works on by itself.',
    isCreation: true,
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
  @ApiAnswer(200, 'RunList', {
    summary: 'Runs, newest first; of a great many, the oldest that have ended are left out.',
    errors: ['INVALID_ARGUMENT'],
  })
  list(@Query() { limit, after, sort, ...filter }: ListRunsDto, @CallerOf() { tenant }: Caller): RunList {
    const list = { what: 'runs', tenant, sort, ...filter };
    const page = {
      limit,
      isOldestFirst: sort === 'oldest',
      after: keyOfCursor(list, after),
      isWanted: isWanted(filter),
    };
    const { runs, isLast } = this.index.list(tenant, page);
    return { runs: runs.map(runView), ...(isLast ? {} : { next: cursorBehind(list, runs.at(-1)!.run) }) };
  }

  @Get(':run')
  @ApiAnswer(200, 'RunView', { summary: 'A run as it stands now.', errors: ['NOT_FOUND', 'BROKER_UNAVAILABLE'] })
  @ApiVersioned()
  async get(
    @Param('run') run: string,
    @CallerOf() caller: Caller,
    @ConditionalOf() conditional: Conditional,
  ): Promise<RunView | undefined> {
    const state = (await this.index.get(caller.tenant, run)) ?? (await loadRun(this.log, caller, run));
    return conditional.show(versionOf(state), runView(state));
  }

  @Post(':run(^[a-z0-9]+)::cancel')
  @HttpCode(200)
  @ApiBody({ type: ReasonDto, required: false })
  @ApiAnswer(200, 'RunView', {
    summary: 'End a run; what is being worked on is discarded.',
    errors: OWNER_ERRORS,
  })
  @ApiIfMatch()
  cancel(
    @Param('run') run: string,
    @Body() { reason = '' }: ReasonDto,
    @CallerOf() caller: Caller,
    @ConditionalOf() conditional: Conditional,
  ): Promise<RunView> {
    return this.#command(caller, run, conditional, { do: 'cancel', cancelledBy: caller.subject, reason });
  }

  @Post(':run(^[a-z0-9]+)::pause')
  @HttpCode(200)
  @ApiBody({ type: ReasonDto, required: false })
  @ApiAnswer(200, 'RunView', {
    summary: 'Stop working on a run for now; what is being worked on is checkpointed and given back.',
    errors: OWNER_ERRORS,
  })
  @ApiIfMatch()
  pause(
    @Param('run') run: string,
    @Body() { reason = '' }: ReasonDto,
    @CallerOf() caller: Caller,
    @ConditionalOf() conditional: Conditional,
  ): Promise<RunView> {
    return this.#command(caller, run, conditional, { do: 'pause', pausedBy: caller.subject, reason });
  }

  @Post(':run(^[a-z0-9]+)::resume')
  @HttpCode(200)
  @ApiAnswer(200, 'RunView', { summary: 'Go on with a run that is paused.', errors: OWNER_ERRORS })
  @ApiIfMatch()
  resume(
    @Param('run') run: string,
    @CallerOf() caller: Caller,
    @ConditionalOf() conditional: Conditional,
  ): Promise<RunView> {
    return this.#command(caller, run, conditional, { do: 'resume', resumedBy: caller.subject });
  }

  @Post(':run(^[a-z0-9]+)::retry')
  @HttpCode(200)
  @ApiAnswer(200, 'RunView', {
    summary: 'Do a phase and all behind it anew, also after the run has ended.',
    errors: [...OWNER_ERRORS, 'BUDGET_EXCEEDED', 'TOO_MANY_RUNS'],
  })
  @ApiIfMatch()
  async retry(
    @Param('run') run: string,
    @Body() { phase, params = {} }: RedoDto,
    @CallerOf() caller: Caller,
    @ConditionalOf() conditional: Conditional,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<RunView> {
    const state = await loadRun(this.log, caller, run);
    const changed = withParams(state.recipe, phase, params);
    checkPipeline(changed);
    await this.fit.assertFits(changed);
    const redo = () =>
      this.#command(caller, run, conditional, { do: 'retry', phase, params, retriedBy: caller.subject });
    return hasEnded(state) ? this.openRuns.open(caller.tenant, run, reply, redo) : redo();
  }

  @Post(':run(^[a-z0-9]+)::fork')
  @HttpCode(201)
  @ApiAnswer(201, 'RunView', {
    summary: 'A new run that does a phase and all behind it anew and takes over the results before it.',
    description: 'The new run.',
    isCreation: true,
    errors: [...OWNER_ERRORS, 'BUDGET_EXCEEDED', 'TOO_MANY_RUNS'],
  })
  @ApiIfMatch()
  async fork(
    @Param('run') run: string,
    @Body() { phase, params = {} }: RedoDto,
    @CallerOf() caller: Caller,
    @ConditionalOf() conditional: Conditional,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<RunView> {
    const origin = await loadRun(this.log, caller, run);
    // A fork changes nothing of its origin: the version that was read is the one that is forked.
    conditional.assertMatch(versionOf(origin));
    const { recipe, fork } = forkOf(origin, phase, params);
    checkPipeline(recipe);
    await this.fit.assertFits(recipe);
    return this.requests.begin(caller, { do: 'request', recipe, requestedBy: caller.subject, fork }, reply);
  }

  async #command(caller: Caller, run: string, conditional: Conditional, command: Command): Promise<RunView> {
    const present = await loadRun(this.log, caller, run);
    conditional.assertMatch(versionOf(present));
    const expected = conditional.isBound ? present.sequence : undefined;
    const { state } = await this.log.execute(caller.tenant, run, command, 0, expected);
    await this.index.reached(state.sequence);
    return conditional.changed(versionOf(state), runView(state));
  }
}

/** The version of a run: where its log ends. */
function versionOf({ sequence }: RunState): string {
  return String(sequence);
}

/** A run of the caller's tenant. @throws ForgeError NOT_FOUND for every other name, whatever it looks like */
export async function loadRun(log: RunLog, { tenant }: Caller, run: string): Promise<RunState> {
  const state = isId(run) ? (await log.load(tenant, run)).state : undefined;
  if (state === undefined) throw new ForgeError('NOT_FOUND', 'there is no such run');
  return state;
}
