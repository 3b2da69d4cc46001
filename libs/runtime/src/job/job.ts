import { Worker } from 'node:worker_threads';
import { ForgeError } from '@agent-forge/contracts';
import type { PhaseProgress } from '@agent-forge/phases';
import type { PhaseOutcome } from '@agent-forge/run';
import { ABORT, type JobData, type JobMessage } from './messages.js';

/** A thread that was asked to end gets this long to come to the end of a training step. */
const ABORT_GRACE_MS = 5_000;
/** A thread that has said its last word ends by itself, unless a library keeps something open in it. */
const END_GRACE_MS = 500;

/**
 * Runs a phase in a worker thread of its own, so that the main thread keeps answering however long a computation takes, and so that its
 * memory is given back.
 * @param signal ends the work: the thread is asked, and after a grace ended by force
 * @returns the phase's outcome
 * @throws ForgeError that of the phase; CANCELLED after `signal`; INTERNAL (transient) when the thread dies
 */
export async function runJob(
  data: JobData,
  signal: AbortSignal,
  onProgress: (progress: PhaseProgress) => void,
): Promise<PhaseOutcome> {
  signal.throwIfAborted();
  const worker = new Worker(new URL('./entry.js', import.meta.url), { workerData: data });
  let timer: NodeJS.Timeout | undefined;
  const abort = () => {
    worker.postMessage(ABORT);
    timer = setTimeout(() => void worker.terminate(), ABORT_GRACE_MS);
  };
  signal.addEventListener('abort', abort, { once: true });
  const exited = new Promise<void>((resolve) => worker.once('exit', () => resolve()));
  try {
    const last = await lastWord(worker, onProgress);
    if (signal.aborted) throw cancelled();
    if (last.type === 'done') return last.outcome;
    throw new ForgeError(last.code, last.message, last.stack);
  } catch (error) {
    throw signal.aborted ? cancelled() : error;
  } finally {
    signal.removeEventListener('abort', abort);
    timer ??= setTimeout(() => void worker.terminate(), END_GRACE_MS);
    await exited;
    clearTimeout(timer);
  }
}

function lastWord(
  worker: Worker,
  onProgress: (progress: PhaseProgress) => void,
): Promise<Exclude<JobMessage, { type: 'progress' }>> {
  return new Promise((resolve, reject) => {
    worker.on('message', (message: JobMessage) => {
      if (message.type === 'progress') onProgress(message.progress);
      else resolve(message);
    });
    const died = (why: string, cause?: unknown) =>
      reject(new ForgeError('INTERNAL', `the worker thread died: ${why}`, cause));
    worker.once('error', (error: Error) => died(error.message, error));
    worker.once('exit', (code) => died(`it exited with code ${code}`));
  });
}

function cancelled(): ForgeError {
  return new ForgeError('CANCELLED', 'the work is no longer wanted');
}
