import { randomBytes } from 'node:crypto';
import {
  jetstream,
  jetstreamManager,
  type JetStreamClient,
  type JetStreamManager,
  type PubAck,
  type StoredMsg,
} from '@nats-io/jetstream';
import { headers, type NatsConnection } from '@nats-io/transport-node';
import {
  CONTENT_TYPE,
  decodeEvent,
  encodeEvent,
  eventSubject,
  ForgeError,
  formatTraceparent,
  makeEvent,
  nextTrace,
  parseTraceparent,
  runFilter,
  type LogEvent,
} from '@agent-forge/contracts';
import { decide, evolve, type Command, type Decision, type EventDraft, type RunState } from '@agent-forge/run';
import { isSequenceConflict } from './errors.js';
import { insist, SEND_TIMEOUT_MS } from './insist.js';
import { QueuedTenants } from './queue/queued-tenants.js';
import { readBatch } from './read-batch.js';
import { LOG_STREAM } from './stream-names.js';

/** Times that a command is decided anew because somebody else appended first. Each loss means that another made progress. */
const MAX_CONFLICTS = 20;
/** A run has about three events for each attempt; far more mean that something writes without end. */
const MAX_RUN_EVENTS = 10_000;
/** Runs whose fold is kept, so that only what came since is read; a service works on a few at a time. */
const MAX_KNOWN_RUNS = 256;

/** A run as the log has it. */
export interface LoadedRun {
  /** Undefined when nobody requested the run. */
  state: RunState | undefined;
  /** The last sequence on the run's subjects; 0 when there is none. What the next append must expect. */
  sequence: number;
  /** The trace that the run's last event belongs to. */
  traceparent: string | undefined;
}

/** What came of a command: the event that was appended and the state after it, or why nothing was. */
export type Execution = { event: LogEvent; state: RunState } | { nothing: string; state: RunState };

/** The run log: loads runs and appends to them with compare-and-set on the whole run. */
export class RunLog {
  readonly #client: JetStreamClient;
  readonly #tenants: QueuedTenants;
  #manager: JetStreamManager | undefined;
  /** The latest folds, the one used last at the end. Logs only grow, so a fold stays true of what it has seen. */
  readonly #known = new Map<string, LoadedRun>();

  /**
   * @param connection an open connection; the streams exist
   * @param source who appends, for the envelope, for example `/agentforge/cognate`
   */
  constructor(
    readonly connection: NatsConnection,
    readonly source: string,
  ) {
    this.#client = jetstream(connection, { timeout: SEND_TIMEOUT_MS });
    this.#tenants = new QueuedTenants(connection);
  }

  /**
   * Folds a run out of its log. Messages that are no events of ours change nothing but the sequence.
   * @param atLeast a sequence that the caller knows to exist: a replica that lags behind it is asked again
   * @throws ForgeError BROKER_UNAVAILABLE
   */
  async load(tenant: string, run: string, atLeast = 0): Promise<LoadedRun> {
    return insist(this.connection, `read run ${run}`, async () => {
      const loaded = await this.#fold(tenant, run);
      if (loaded.sequence >= atLeast) return loaded;
      throw new ForgeError(
        'BROKER_UNAVAILABLE',
        `run ${run} is known to sequence ${atLeast}, but the broker shows ${loaded.sequence}`,
      );
    });
  }

  /**
   * Decides a command and appends the event, again and again while others are faster. It is decided on the state that is known, which the
   * compare-and-set proves to be the present one; only where there is nothing to append is the log looked at first.
   * @param expected the sequence that the run must stand at; elsewhere nothing is decided
   * @throws ForgeError PRECONDITION_FAILED when it stands elsewhere, RUN_CONFLICT or NOT_FOUND when the command makes no sense now, INVALID_EVENT or PAYLOAD_TOO_LARGE when its event is not
   * allowed, BROKER_UNAVAILABLE, STORE_UNAVAILABLE
   */
  async execute(tenant: string, run: string, command: Command, atLeast = 0, expected?: number): Promise<Execution> {
    if (command.do === 'request') await this.#tenants.note(tenant);
    let known = this.#known.get(runFilter(tenant, run));
    if (known !== undefined && known.sequence < atLeast) known = undefined;
    for (let conflicts = 0; conflicts < MAX_CONFLICTS; conflicts++) {
      const isFresh = known === undefined;
      const { state, sequence, traceparent }: LoadedRun = known ?? (await this.load(tenant, run, atLeast));
      known = undefined;
      if (expected !== undefined && sequence !== expected) {
        if (!isFresh) continue;
        throw new ForgeError('PRECONDITION_FAILED', `run ${run} has changed since it was read; read it again`);
      }
      const decision = isFresh ? decide(state, command) : decideOrLook(state, command);
      if (decision === undefined) continue;
      if ('nothing' in decision) return { nothing: decision.nothing, state: state! };
      const event = this.#eventOf(tenant, run, decision.append);
      const trace = newTrace(traceparent);
      // Of two that want the same change of the same version, the broker must refuse one rather than take it for a repetition.
      const messageId = expected === undefined ? event.id : `${event.id}/${randomBytes(8).toString('hex')}`;
      const appended = await this.append(event, sequence, trace, messageId);
      if (appended === undefined) continue;
      const after = evolve(state, event, appended)!;
      this.#remember(runFilter(tenant, run), { state: after, sequence: appended, traceparent: trace });
      return { event, state: after };
    }
    throw new ForgeError('RUN_CONFLICT', `run ${run} changes faster than "${command.do}" can be appended; try again`);
  }

  /**
   * Appends one event if the run's last sequence is the one expected. The message id is the event's id, so an append that is repeated because
   * the answer was lost is stored once.
   * @param traceparent the span that it belongs to
   * @param messageId by which the broker knows a repetition
   * @returns its sequence, or undefined when somebody else appended first
   */
  async append(
    event: LogEvent,
    expectedSequence: number,
    traceparent = newTrace(),
    messageId = event.id,
  ): Promise<number | undefined> {
    const data = encodeEvent(event);
    const fields = headers();
    fields.set('content-type', CONTENT_TYPE);
    fields.set('traceparent', traceparent);
    const ack = await insist(
      this.connection,
      `append ${event.name} to run ${event.run}`,
      async (): Promise<PubAck | undefined> => {
        try {
          return await this.#client.publish(eventSubject(event), data, {
            headers: fields,
            msgID: messageId,
            timeout: SEND_TIMEOUT_MS,
            expect: {
              streamName: LOG_STREAM,
              lastSubjectSequence: expectedSequence,
              // Without it only the very subject would be guarded, and a cancellation could slip in beside a completion.
              lastSubjectSequenceSubject: runFilter(event.tenant, event.run),
            },
          });
        } catch (error) {
          if (isSequenceConflict(error)) return undefined;
          throw error;
        }
      },
    );
    return ack?.seq;
  }

  #eventOf(tenant: string, run: string, draft: EventDraft): LogEvent {
    return makeEvent({
      ...draft,
      id: `${tenant}/${run}/${draft.id}`,
      tenant,
      run,
      time: new Date().toISOString(),
      source: this.source,
    }) as LogEvent;
  }

  async #fold(tenant: string, run: string): Promise<LoadedRun> {
    const manager = (this.#manager ??= await jetstreamManager(this.connection, { timeout: SEND_TIMEOUT_MS }));
    const next_by_subj = runFilter(tenant, run);
    const loaded = { ...(this.#known.get(next_by_subj) ?? NOTHING) };
    for (let events = 0; events < MAX_RUN_EVENTS;) {
      const from = { seq: loaded.sequence + 1, next_by_subj };
      const { messages, isLast } = await readBatch(manager, LOG_STREAM, from, SEND_TIMEOUT_MS);
      messages.forEach((message) => foldMessage(loaded, message));
      events += messages.length;
      if (!isLast) continue;
      this.#remember(next_by_subj, loaded);
      return { ...loaded };
    }
    throw new ForgeError(
      'INVALID_EVENT',
      `run ${run} has over ${MAX_RUN_EVENTS} events; something writes to it without end`,
    );
  }

  #remember(key: string, loaded: LoadedRun): void {
    this.#known.delete(key);
    this.#known.set(key, loaded);
    if (this.#known.size > MAX_KNOWN_RUNS) this.#known.delete(this.#known.keys().next().value!);
  }
}

/** The next span of a trace, or a new trace. */
function newTrace(before?: string): string {
  return formatTraceparent(nextTrace(parseTraceparent(before), randomBytes(24)));
}

const NOTHING: LoadedRun = { state: undefined, sequence: 0, traceparent: undefined };

/** What is decided on a state that may be old, if that is to append something; the append tells whether it was old. */
function decideOrLook(state: RunState | undefined, command: Command): Decision | undefined {
  try {
    const decision = decide(state, command);
    return 'append' in decision ? decision : undefined;
  } catch {
    return undefined;
  }
}

function foldMessage(loaded: LoadedRun, message: StoredMsg): void {
  loaded.sequence = message.seq;
  const event = decodeOrSkip(message.subject, message.data);
  if (event === undefined) {
    if (loaded.state) loaded.state = { ...loaded.state, sequence: message.seq };
    return;
  }
  loaded.state = evolve(loaded.state, event, message.seq);
  loaded.traceparent = message.header.get('traceparent') || loaded.traceparent;
}

function decodeOrSkip(subject: string, data: Uint8Array): LogEvent | undefined {
  try {
    const event = decodeEvent(subject, data);
    return event.name === 'phase.progress' ? undefined : event;
  } catch {
    return undefined;
  }
}
