import { DeliverPolicy, jetstream, type JsMsg } from '@nats-io/jetstream';
import type { NatsConnection } from '@nats-io/transport-node';
import { decodeEvent, ForgeError, type ForgeEvent } from '@agent-forge/contracts';
import { insist, SEND_TIMEOUT_MS } from './insist.js';
import { PULL_EXPIRES_MS, PULL_HEARTBEAT_MS } from './pull.js';
import { LOG_STREAM, PROGRESS_STREAM } from './stream-names.js';

/** What to read. */
export interface ReadOptions {
  stream: 'log' | 'progress';
  /** A subject with wildcards, for example of `runFilter` or `tenantFilter`. */
  filter: string;
  /** The first sequence to read (default 1: from the beginning); `new` for what comes from now on. */
  from?: number | 'new';
  /** Ends the iteration. */
  signal?: AbortSignal;
  /** Hears of messages that are no events of ours and are left out. */
  onInvalid?: (error: ForgeError, sequence: number) => void;
}

/** An event with its place in its stream. */
export interface StreamedEvent {
  event: ForgeEvent;
  sequence: number;
  /** Events that match and are still to come at the moment of delivery; 0 means caught up. */
  pending: number;
}

/**
 * Reads events in order, without gaps or repetition, and then follows; reconnects by itself (an ordered consumer, which leaves nothing on the
 * broker). Ends when `signal` is aborted or the connection is closed.
 * @throws ForgeError BROKER_UNAVAILABLE
 */
export async function* readEvents(connection: NatsConnection, options: ReadOptions): AsyncGenerator<StreamedEvent> {
  const { stream, filter, from = 1, signal, onInvalid } = options;
  const name = stream === 'log' ? LOG_STREAM : PROGRESS_STREAM;
  const start =
    from === 'new'
      ? { deliver_policy: DeliverPolicy.New }
      : { deliver_policy: DeliverPolicy.StartSequence, opt_start_seq: Math.max(1, from) };
  if (signal?.aborted) return;
  const messages = await insist(connection, `read ${stream} events`, async () => {
    const consumer = await jetstream(connection, { timeout: SEND_TIMEOUT_MS }).consumers.get(name, {
      filter_subjects: filter,
      ...start,
    });
    return consumer.consume({ expires: PULL_EXPIRES_MS, idle_heartbeat: PULL_HEARTBEAT_MS });
  });
  const stop = () => messages.stop();
  signal?.addEventListener('abort', stop, { once: true });
  // Aborted while the consumer was made.
  if (signal?.aborted) stop();
  try {
    for await (const message of messages) {
      const event = decode(message, onInvalid);
      if (event) yield { event, sequence: message.seq, pending: message.info.pending };
    }
  } finally {
    signal?.removeEventListener('abort', stop);
    await messages.close();
  }
}

function decode(message: JsMsg, onInvalid: ReadOptions['onInvalid']): ForgeEvent | undefined {
  try {
    return decodeEvent(message.subject, message.data);
  } catch (error) {
    onInvalid?.(ForgeError.from(error), message.seq);
    return undefined;
  }
}
