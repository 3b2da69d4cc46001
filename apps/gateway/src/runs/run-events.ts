import { setInterval as ticks } from 'node:timers/promises';
import type { NatsConnection } from '@nats-io/transport-node';
import {
  encodeEvent,
  FINAL_EVENTS,
  ForgeError,
  runFilter,
  runProgressFilter,
  type ForgeEvent,
} from '@agent-forge/contracts';
import { readEvents, type StreamedEvent } from '@agent-forge/nats';
import { merge } from './merge.js';

/** Proxies cut connections that are silent for a minute; clients of ours give up after three of these. */
const HEARTBEAT_MS = 15_000;

/** How far a reader is: the last sequence that it has of the run log and of the progress stream. */
export interface Position {
  readonly log: number;
  readonly progress: number;
}

/** Reads the `Last-Event-ID` of a reader that comes back. @throws ForgeError INVALID_ARGUMENT when it is none of ours */
export function parsePosition(id: string | undefined): Position {
  if (!id) return { log: 0, progress: 0 };
  const [, log, progress] = /^(\d{1,15})\.(\d{1,15})$/.exec(id) ?? [];
  if (log === undefined)
    throw new ForgeError('INVALID_ARGUMENT', 'Last-Event-ID must be the id of an event of this stream');
  return { log: Number(log), progress: Number(progress) };
}

/** Which events to send, and to whom. */
export interface RunEventsOptions {
  tenant: string;
  run: string;
  after: Position;
  /** Ends the stream. */
  signal: AbortSignal;
  /**
   * Where the log of the run ends, asked when an event says that the run does: the sequence of its last event, or undefined where a retry made it go on.
   * @param sequence of the event that says so
   */
  endOf: (sequence: number) => Promise<number | undefined>;
}

/**
 * A run's events as a stream of server-sent events: the log from the position on, without gap or repetition, and between them what the progress
 * stream still has. It ends behind the event that ends the run; where the run was retried, behind its last end. Each id is the position in both streams.
 */
export async function* runEvents(connection: NatsConnection, options: RunEventsOptions): AsyncGenerator<string> {
  const { tenant, run, after, endOf } = options;
  const done = new AbortController();
  const signal = AbortSignal.any([done.signal, options.signal]);
  let { log, progress } = after;
  let end: number | undefined;
  try {
    // Something at once, so that the headers of the answer are sent.
    yield ': follow\n\n';
    const sources = [
      readEvents(connection, { stream: 'log', filter: runFilter(tenant, run), from: log + 1, signal }),
      readEvents(connection, {
        stream: 'progress',
        filter: runProgressFilter(tenant, run),
        from: progress + 1,
        signal,
      }),
      heartbeats(signal),
    ];
    for await (const item of merge<StreamedEvent | undefined>(sources)) {
      if (item === undefined) {
        yield ': still here\n\n';
        continue;
      }
      const { event, sequence } = item;
      if (event.name === 'phase.progress') progress = sequence;
      else log = sequence;
      yield serverSentEvent(event, `${log}.${progress}`);
      if (FINAL_EVENTS.includes(event.name)) end = await endOf(sequence);
      if (end !== undefined && log >= end) return;
    }
  } finally {
    done.abort();
  }
}

/** One event in the form of the HTML standard; its data are the CloudEvents JSON that stands on the broker, one line. */
function serverSentEvent(event: ForgeEvent, id: string): string {
  return `id: ${id}\nevent: ${event.name}\ndata: ${Buffer.from(encodeEvent(event)).toString('utf8')}\n\n`;
}

async function* heartbeats(signal: AbortSignal): AsyncGenerator<undefined> {
  try {
    for await (const _ of ticks(HEARTBEAT_MS, undefined, { signal, ref: false })) yield undefined;
  } catch {
    // Aborted: the stream is over.
  }
}
