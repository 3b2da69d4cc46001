import { randomBytes } from 'node:crypto';
import { Body, Controller, Get, HttpCode, Inject, Param, Post, Query, Res } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import type { FastifyReply } from 'fastify';
import {
  ForgeError,
  isId,
  ulid,
  type ArtifactStore,
  type Caller,
  type RunList,
  type RunView,
} from '@agent-forge/contracts';
import { RunLog } from '@agent-forge/nats';
import type { RunState } from '@agent-forge/run';
import { CallerOf } from '../auth/token.guard.js';
import { ApiAnswer } from '../docs/decorators.js';
import { ARTIFACTS } from '../tokens.js';
import { recipeOf } from './recipe.js';
import { RunIndex } from './run-index.js';
import { CancelDto, ListQueryDto, RunRequestDto } from './run-request.dto.js';
import { runView } from './run-view.js';

/** Runs: ask for one, look at them, end one. Every answer is a fold of the run log. */
@ApiTags('runs')
@Controller('v1/runs')
export class RunsController {
  constructor(
    private readonly log: RunLog,
    private readonly index: RunIndex,
    @Inject(ARTIFACTS) private readonly store: ArtifactStore,
  ) {}

  @Post()
  @HttpCode(202)
  @ApiAnswer(202, 'RunView', {
    summary: 'Ask for a run. It is checked as far as possible before it is accepted.',
    description: 'The run, which works on by itself.',
    errors: ['INVALID_ARGUMENT', 'ARTIFACT_NOT_FOUND', 'PAYLOAD_TOO_LARGE', 'UNSUPPORTED_FORMAT', 'BROKER_UNAVAILABLE'],
  })
  async create(
    @Body() request: RunRequestDto,
    @CallerOf() caller: Caller,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<RunView> {
    const recipe = await recipeOf(request, this.store);
    const run = ulid(Date.now(), randomBytes(10));
    const command = { do: 'request', recipe, requestedBy: caller.subject } as const;
    const { state } = await this.log.execute(caller.tenant, run, command);
    await this.index.reached(state.sequence);
    void reply.header('location', `/v1/runs/${run}`);
    return runView(state);
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
    errors: ['INVALID_ARGUMENT', 'NOT_FOUND', 'RUN_CONFLICT', 'BROKER_UNAVAILABLE'],
  })
  async cancel(
    @Param('run') run: string,
    @Body() { reason = '' }: CancelDto,
    @CallerOf() caller: Caller,
  ): Promise<RunView> {
    await loadRun(this.log, caller, run);
    const command = { do: 'cancel', cancelledBy: caller.subject, reason } as const;
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
