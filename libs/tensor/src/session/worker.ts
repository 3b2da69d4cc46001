import { Worker } from 'node:worker_threads';
import { type ErrorCode, ForgeError } from '@agent-forge/contracts';

/** What a function in a worker thread is given besides its input. */
export interface WorkerContext<Progress = unknown> {
  /** Aborted when the result is no longer wanted: end soon, with any error. */
  readonly signal: AbortSignal;
  /** Says how far the work is; anything that can be cloned. */
  progress(progress: Progress): void;
}

/** The export `run` of a module that {@link runInWorker} can be given. */
export type WorkerFunction<In, Out, Progress = unknown> = (
  input: In,
  context: WorkerContext<Progress>,
) => Out | Promise<Out>;

export interface WorkerOptions<Progress = unknown> {
  readonly onProgress?: (progress: Progress) => void;
  /** Ends the work: the thread is asked, and after a grace ended by force. */
  readonly signal?: AbortSignal;
  /** How long a thread that was asked to end may take. */
  readonly abortGraceMs?: number;
}

/** A message from the thread. */
export type WorkerMessage =
  | { readonly type: 'progress'; readonly progress: unknown }
  | { readonly type: 'done'; readonly output: unknown }
  | { readonly type: 'failed'; readonly code: ErrorCode; readonly message: string; readonly stack: string };

/** What the thread is started with. */
export interface WorkerStart {
  readonly module: string;
  readonly input: unknown;
}

/** The one message to the thread: please end. */
export const ABORT = 'abort';
/**
 * Enough for a call of the session to come to its end, on a machine that is busy with other things too, and for a last checkpoint. The force
 * behind it is for threads that hang: onnxruntime-node 1.30 ends the whole process when its thread is ended inside of a call.
 */
const ABORT_GRACE_MS = 60_000;
/** A thread that has said its last word ends by itself, unless a library keeps something open in it. */
const END_GRACE_MS = 500;

/**
 * Calls the export `run` of a module in a worker thread of its own, so that the calling thread keeps answering however long
 * a computation takes, and so that its memory is given back. The thread is gone when the promise settles.
 * @param module URL of the compiled module; its `run` is a {@link WorkerFunction}
 * @param input cloned into the thread, as the result is cloned back
 * @throws ForgeError what `run` throws, with its code and message; `CANCELLED` after `signal`; `INTERNAL` when the thread dies
 *   without an answer; `INVALID_ARGUMENT` when the input cannot be cloned
 */
export async function runInWorker<In, Out, Progress = unknown>(
  module: URL,
  input: In,
  { onProgress, signal, abortGraceMs = ABORT_GRACE_MS }: WorkerOptions<Progress> = {},
): Promise<Out> {
  if (signal?.aborted) throw cancelled();
  const worker = start({ module: module.href, input });
  const exited = new Promise<void>((resolve) => worker.once('exit', () => resolve()));
  let timer: NodeJS.Timeout | undefined;
  const abort = () => {
    worker.postMessage(ABORT);
    timer = setTimeout(() => void worker.terminate(), abortGraceMs);
  };
  signal?.addEventListener('abort', abort, { once: true });
  try {
    const last = await lastWord(worker, (progress) => onProgress?.(progress as Progress));
    if (last.type === 'done' && !signal?.aborted) return last.output as Out;
    throw last.type === 'failed' ? new ForgeError(last.code, last.message, last.stack) : cancelled();
  } catch (error) {
    throw signal?.aborted ? cancelled() : error;
  } finally {
    signal?.removeEventListener('abort', abort);
    timer ??= setTimeout(() => void worker.terminate(), END_GRACE_MS);
    await exited;
    clearTimeout(timer);
  }
}

function start(workerData: WorkerStart): Worker {
  try {
    return new Worker(new URL('./worker-entry.js', import.meta.url), { workerData });
  } catch (error) {
    throw new ForgeError(
      'INVALID_ARGUMENT',
      `the input cannot be sent to a worker: ${(error as Error).message}`,
      error,
    );
  }
}

/** The thread's answer, whatever comes before it; an error when it ends without one. */
function lastWord(
  worker: Worker,
  onProgress: (progress: unknown) => void,
): Promise<Exclude<WorkerMessage, { type: 'progress' }>> {
  return new Promise((resolve, reject) => {
    worker.on('message', (message: WorkerMessage) => {
      if (message.type !== 'progress') return resolve(message);
      try {
        onProgress(message.progress);
      } catch (error) {
        reject(error);
      }
    });
    const died = (why: string, cause?: unknown) =>
      reject(new ForgeError('INTERNAL', `the worker thread died: ${why}`, cause));
    worker.once('error', (error: Error) => died(error.message, error));
    worker.once('exit', (code) => died(`it exited with code ${code} before it answered`));
  });
}

function cancelled(): ForgeError {
  return new ForgeError('CANCELLED', 'the work is no longer wanted');
}
