import { performance } from 'node:perf_hooks';
import { WorkerThread, type WorkerOptions } from '@agent-forge/tensor/worker';

/** Work that took longer may have left much memory behind, and starting a thread is nothing beside it: the next piece gets a new one. */
const KEEP_BELOW_MS = 10_000;

/**
 * A place for one piece of work at a time, in a worker thread that is kept while pieces are short: an empty phase or a merge candidate takes less time
 * than a thread needs to start.
 */
export class WorkerSlot {
  #thread: WorkerThread | undefined;
  #last: Promise<unknown> = Promise.resolve();

  /** As `runInWorker`, after the piece before it. */
  run<In, Out, Progress>(module: URL, input: In, options: WorkerOptions<Progress>): Promise<Out> {
    const next = this.#last.then(() => this.#run<In, Out, Progress>(module, input, options));
    this.#last = next.catch(() => undefined);
    return next;
  }

  async #run<In, Out, Progress>(module: URL, input: In, options: WorkerOptions<Progress>): Promise<Out> {
    const thread = this.#thread?.isAlive ? this.#thread : new WorkerThread();
    this.#thread = thread;
    const startMs = performance.now();
    try {
      return await thread.run<In, Out, Progress>(module, input, options);
    } finally {
      if (options.signal?.aborted || performance.now() - startMs > KEEP_BELOW_MS) await this.#end();
    }
  }

  /** Waits for the work that was given and ends the thread; another piece of work would start another. */
  async end(): Promise<void> {
    await this.#last;
    await this.#end();
  }

  async #end(): Promise<void> {
    const thread = this.#thread;
    this.#thread = undefined;
    await thread?.end();
  }
}
