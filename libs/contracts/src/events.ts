import type { MessageInitShape, MessageShape } from '@bufbuild/protobuf';
import {
  PhaseCompletedSchema,
  PhaseFailedSchema,
  PhaseProgressSchema,
  PhaseReleasedSchema,
  PhaseStartedSchema,
  RunCancelledSchema,
  RunCompletedSchema,
  RunFailedSchema,
  RunRequestedSchema,
  PhaseNotedSchema,
  PhaseCheckpointedSchema,
  PhasePlannedSchema,
  RunRetriedSchema,
  RunResumedSchema,
  RunPausedSchema,
} from './generated/v1/events_pb.js';

/**
 * Every event: its name is what it is about and what happened, its schema the message of proto/ that its data follow.
 * `stream` says where it goes: the run log is kept, progress is forgotten after a while.
 */
export const EVENTS = {
  'run.requested': { schema: RunRequestedSchema, stream: 'log' },
  'phase.started': { schema: PhaseStartedSchema, stream: 'log' },
  'phase.progress': { schema: PhaseProgressSchema, stream: 'progress' },
  'phase.planned': { schema: PhasePlannedSchema, stream: 'log' },
  'phase.checkpointed': { schema: PhaseCheckpointedSchema, stream: 'log' },
  'phase.noted': { schema: PhaseNotedSchema, stream: 'log' },
  'phase.released': { schema: PhaseReleasedSchema, stream: 'log' },
  'phase.completed': { schema: PhaseCompletedSchema, stream: 'log' },
  'phase.failed': { schema: PhaseFailedSchema, stream: 'log' },
  'run.paused': { schema: RunPausedSchema, stream: 'log' },
  'run.resumed': { schema: RunResumedSchema, stream: 'log' },
  'run.retried': { schema: RunRetriedSchema, stream: 'log' },
  'run.completed': { schema: RunCompletedSchema, stream: 'log' },
  'run.failed': { schema: RunFailedSchema, stream: 'log' },
  'run.cancelled': { schema: RunCancelledSchema, stream: 'log' },
} as const;

/** The name of an event, for example `phase.completed`. */
export type EventName = keyof typeof EVENTS;
/** The data of an event. */
export type EventData<N extends EventName> = MessageShape<(typeof EVENTS)[N]['schema']>;
/** The data of an event as one may write them; what is left out takes its proto3 default. */
export type EventInit<N extends EventName> = MessageInitShape<(typeof EVENTS)[N]['schema']>;

/** One event, decoded. `name` tells the type of `data`. */
export interface EventOf<N extends EventName> {
  readonly name: N;
  /** Unique together with `source`; also the message id that the broker drops duplicates by. */
  readonly id: string;
  readonly tenant: string;
  readonly run: string;
  /** The phase that it is about; `run` for events of the run as a whole. */
  readonly phase: string;
  /** The phase that is to act on it; `none` where nobody is. */
  readonly next: string;
  /** When it was made, RFC 3339. Order is by sequence in the log, never by this. */
  readonly time: string;
  /** The service that made it, for example `/agentforge/gateway`. */
  readonly source: string;
  readonly data: EventData<N>;
}

/** Any event; a union that narrows by `name`. */
export type ForgeEvent = { [N in EventName]: EventOf<N> }[EventName];
/** Any event of the run log. */
export type LogEvent = Exclude<ForgeEvent, { name: 'phase.progress' }>;

/** Whether a value is the name of an event. */
export function isEventName(value: unknown): value is EventName {
  return typeof value === 'string' && Object.hasOwn(EVENTS, value);
}
