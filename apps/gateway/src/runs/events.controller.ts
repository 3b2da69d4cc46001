import { Readable } from 'node:stream';
import { Controller, Get, Headers, Param, Req, Res, StreamableFile, type OnModuleDestroy } from '@nestjs/common';
import { ApiHeader, ApiOperation, ApiProduces, ApiResponse, ApiTags } from '@nestjs/swagger';
import type { FastifyReply, FastifyRequest } from 'fastify';
import type { Caller } from '@agent-forge/contracts';
import { RunLog } from '@agent-forge/nats';
import { hasEnded } from '@agent-forge/run';
import { CallerOf } from '@agent-forge/runtime';
import { Identification } from '../auth/identification.js';
import { ApiProblems } from '@agent-forge/runtime/openapi';
import { parsePosition, runEvents } from './run-events.js';
import { loadRun } from './runs.controller.js';

/** The events of a run as server-sent events. */
@ApiTags('runs')
@Controller('v1/runs')
export class EventsController implements OnModuleDestroy {
  readonly #shutdown = new AbortController();

  constructor(
    private readonly log: RunLog,
    private readonly identification: Identification,
  ) {}

  /** Ends all streams when the gateway is to end; readers come back with their position. */
  onModuleDestroy(): void {
    this.#shutdown.abort();
  }

  @Get(':run/events')
  @ApiOperation({
    summary:
      'The events of a run, past ones and then new ones, until it has ended, for the last time where it was retried (server-sent events).',
  })
  @ApiHeader({
    name: 'last-event-id',
    required: false,
    description: 'Go on behind this event.',
    schema: { type: 'string', pattern: '^[0-9]{1,15}[.][0-9]{1,15}$' },
  })
  @ApiProduces('text/event-stream')
  @ApiResponse({
    status: 200,
    description: 'Each event is a CloudEvent; docs/reference/events.md lists them.',
    schema: { type: 'string' },
    headers: {
      'x-accel-buffering': { description: 'Tells proxies to pass events on at once.', schema: { type: 'string' } },
    },
  })
  @ApiProblems(['INVALID_ARGUMENT', 'NOT_FOUND', 'BROKER_UNAVAILABLE'])
  @ApiResponse({ status: 204, description: 'The run has ended, and nothing comes behind the given event.' })
  async events(
    @Param('run') run: string,
    @Headers('last-event-id') lastEventId: string | undefined,
    @CallerOf() caller: Caller,
    @Req() request: FastifyRequest,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<StreamableFile | undefined> {
    const after = parsePosition(lastEventId);
    const state = await loadRun(this.log, caller, run);
    if (hasEnded(state) && after.log >= state.sequence) {
      void reply.status(204);
      return undefined;
    }
    const gone = new AbortController();
    reply.raw.once('close', () => gone.abort());
    const revoked = this.identification.endOfRights(request, gone.signal);
    const signal = AbortSignal.any([gone.signal, this.#shutdown.signal, revoked]);
    const { tenant } = caller;
    const endOf = async (from: number) => {
      const { state: now } = await this.log.load(tenant, run, from);
      return now && hasEnded(now) ? now.sequence : undefined;
    };
    const stream = runEvents(this.log.connection, { tenant, run, after, signal, endOf });
    void reply.header('x-accel-buffering', 'no');
    return new StreamableFile(Readable.from(stream), { type: 'text/event-stream' });
  }
}
