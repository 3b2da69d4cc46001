import { Worker } from 'node:worker_threads';
import { ForgeError } from '@agent-forge/contracts';
import type { MergeAnswer, MergeTask, MergeThreadStart } from './merge-worker.js';

/** A thread that merges one tensor after the other. */
export class MergeThread {
  private readonly worker: Worker;
  private settle: ((failure: ForgeError | null) => void) | null = null;
  private died: ForgeError | null = null;

  constructor(start: MergeThreadStart) {
    this.worker = new Worker(new URL('./merge-worker.js', import.meta.url), { workerData: start });
    this.worker.on('message', ({ failed }: MergeAnswer) =>
      this.finish(failed === null ? null : new ForgeError(failed.code, failed.message, failed.stack)),
    );
    this.worker.on('error', (error) => this.die(error.message, error));
    this.worker.on('exit', (code) => this.die(`it exited with code ${code}`));
  }

  get busy(): boolean {
    return this.settle !== null;
  }

  /** @throws ForgeError what merging throws, `INTERNAL` when the thread dies, `CANCELLED` when it is closed meanwhile */
  merge(task: MergeTask): Promise<void> {
    return new Promise((resolve, reject) => {
      this.settle = (failure) => (failure === null ? resolve() : reject(failure));
      if (this.died === null) this.worker.postMessage(task);
      else this.finish(this.died);
    });
  }

  async close(): Promise<void> {
    this.died ??= new ForgeError('CANCELLED', 'the merge was stopped');
    await this.worker.terminate();
  }

  private die(why: string, cause?: unknown): void {
    this.died ??= new ForgeError('INTERNAL', `a thread of the merge died: ${why}`, cause);
    this.finish(this.died);
  }

  private finish(failure: ForgeError | null): void {
    const settle = this.settle;
    this.settle = null;
    settle?.(failure);
  }
}
