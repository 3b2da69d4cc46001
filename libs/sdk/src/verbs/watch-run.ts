import { FINAL_EVENTS, ForgeError, type ForgeEvent } from '@agent-forge/contracts';
import { bytesOf } from '../http/bytes.js';
import { send, sendError, type Connection } from '../http/connection.js';
import { parseEvent } from '../http/run-events.js';
import { readServerSentEvents } from '../http/server-sent-events.js';

/** Connections in a row that bring no event. With the waits between them this is about a minute: longer than a gateway's restart. */
const MAX_FRUITLESS = 10;
const FIRST_WAIT_MS = 200;
const MAX_WAIT_MS = 10_000;
/** The gateway says something every 15 s; a connection that is silent for longer is dead, even where nobody told us. */
const SILENCE_MS = 45_000;

/** An event of a run and where it stands. */
export interface WatchedEvent {
  event: ForgeEvent;
  /** Give it as `after` to go on behind this event. */
  position: string;
}

/** How to watch. */
export interface WatchOptions {
  /** The position of the last event that is known already (default: from the beginning). */
  after?: string;
  signal?: AbortSignal;
}

/**
 * The events of a run in order, past ones and then new ones, until the run has ended (for the last time, where it was retried). A broken connection is taken up again where it broke,
 * without gap or repetition.
 * @throws ForgeError NOT_FOUND, CANCELLED after `signal`, BROKER_UNAVAILABLE when the gateway stays away, and those of every request
 */
export async function* watchRun(
  connection: Connection,
  run: string,
  { after = '', signal }: WatchOptions = {},
): AsyncGenerator<WatchedEvent> {
  let position = after;
  let fruitless = 0;
  for (;;) {
    try {
      const stream = await open(connection, run, position, signal);
      if (stream === undefined) return;
      let isFinal = false;
      for await (const { id, data } of readServerSentEvents(stream)) {
        const event = parseEvent(data);
        [position, fruitless] = [id, 0];
        yield { event, position };
        isFinal = FINAL_EVENTS.includes(event.name);
      }
      // A run that was retried goes on behind an end; only the gateway knows which end is the last.
      if (isFinal) return;
    } catch (thrown) {
      const error = sendError(thrown, new URL(connection.url), signal);
      if (error.retry !== 'transient' || fruitless >= MAX_FRUITLESS) throw error;
    }
    await pause(fruitless++, signal);
  }
}

/** The stream behind a position; undefined when the run has ended and there is nothing behind it. */
async function open(
  connection: Connection,
  run: string,
  position: string,
  signal: AbortSignal | undefined,
): Promise<AsyncIterable<Uint8Array> | undefined> {
  const dead = new AbortController();
  const answer = await send(connection, {
    path: `/v1/runs/${encodeURIComponent(run)}/events`,
    headers: { accept: 'text/event-stream', ...(position ? { 'last-event-id': position } : {}) },
    signal: signal ? AbortSignal.any([dead.signal, signal]) : dead.signal,
    isLong: true,
  });
  return answer.status === 204 || answer.body === null ? undefined : untilSilent(answer.body, dead);
}

/** Passes a body on, and ends its connection when nothing comes for too long or nobody reads any more. */
async function* untilSilent(body: ReadableStream<Uint8Array>, dead: AbortController): AsyncGenerator<Uint8Array> {
  const wait = () => setTimeout(() => dead.abort(), SILENCE_MS);
  let timer = wait();
  try {
    for await (const chunk of bytesOf(body)) {
      clearTimeout(timer);
      timer = wait();
      yield chunk;
    }
  } finally {
    clearTimeout(timer);
    dead.abort();
  }
}

async function pause(times: number, signal: AbortSignal | undefined): Promise<void> {
  const waitMs = Math.min(FIRST_WAIT_MS * 2 ** times, MAX_WAIT_MS);
  const over = new AbortController();
  await new Promise<void>((resolve) => {
    const timer = setTimeout(resolve, waitMs);
    const stop = () => (clearTimeout(timer), resolve());
    signal?.addEventListener('abort', stop, { signal: over.signal });
    if (signal?.aborted) stop();
  });
  // A watch has many pauses, and one signal.
  over.abort();
  if (signal?.aborted) throw new ForgeError('CANCELLED', 'the request was cancelled', signal.reason);
}
