import { setTimeout as sleep } from 'node:timers/promises';
import { ForgeError, type ArtifactStore, type ErrorCode, type Json } from '@agent-forge/contracts';
import { taskKey, type QueuedTask, type TaskQueue, type TaskResult } from '@agent-forge/nats';
import type { TaskOutput, TaskProgress } from '@agent-forge/phases';
import type { PhaseMetrics } from '../metrics/phase-metrics.js';

/** How often a coordinator looks for itself whether a result is there, or a task has vanished from the queue. */
const LOOK_INTERVAL_MS = 5_000;

/** Tasks that a phase wants done. */
export interface AskedTasks {
  readonly tenant: string;
  readonly run: string;
  readonly phase: string;
  readonly task: string;
  readonly inputs: readonly Json[];
}

/** What a coordinator works with. */
export interface TaskCoordinatorOptions {
  readonly queue: TaskQueue;
  readonly store: ArtifactStore;
  readonly codeVersion: string;
  readonly metrics: PhaseMetrics;
}

/** Hands tasks out and waits for their results, wherever they are done. */
export class TaskCoordinator {
  readonly #options: TaskCoordinatorOptions;

  constructor(options: TaskCoordinatorOptions) {
    this.#options = options;
  }

  /**
   * @returns the outputs in the order of the inputs; equal inputs are done once
   * @throws ForgeError of the first task that failed for good; CANCELLED after `signal`
   */
  async run(
    { inputs, ...about }: AskedTasks,
    onProgress: (index: number, progress: TaskProgress) => void,
    signal: AbortSignal,
  ): Promise<TaskOutput[]> {
    const tasks = inputs.map((input): QueuedTask => ({
      ...about,
      input,
      key: taskKey(about.phase, about.task, input, this.#options.codeVersion),
    }));
    const outputs = new Map<string, TaskOutput>();
    const missing = new Map(tasks.map((task) => [task.key, task]));
    for (const key of [...missing.keys()]) {
      const output = await this.#known(key);
      if (output === undefined) continue;
      outputs.set(key, output);
      missing.delete(key);
    }
    this.#options.metrics.lookups(about.task, outputs.size, missing.size);
    if (missing.size > 0) {
      const told = (key: string, progress: TaskProgress) =>
        tasks.forEach((task, index) => task.key === key && onProgress(index, progress));
      for (const [key, output] of await this.#handOut(missing, told, signal)) outputs.set(key, output);
    }
    return tasks.map(({ key }) => outputs.get(key)!);
  }

  /** A result counts only while everything that it names is still in the store. Failures are not kept for others. */
  async #known(key: string): Promise<TaskOutput | undefined> {
    const result = await this.#options.queue.result(key);
    if (result === undefined) return undefined;
    const isWhole = !('error' in result) && (await this.#hasAll(result.artifacts.map(({ id }) => id)));
    if (isWhole) return result;
    await this.#options.queue.forgetResult(key);
    return undefined;
  }

  async #hasAll(ids: readonly string[]): Promise<boolean> {
    for (const id of ids) {
      const found = await this.#options.store.renew(id).catch((thrown: unknown) => {
        const error = ForgeError.from(thrown);
        if (error.retry === 'transient') throw error;
        return undefined;
      });
      if (found === undefined) return false;
    }
    return true;
  }

  async #handOut(
    tasks: ReadonlyMap<string, QueuedTask>,
    onProgress: (key: string, progress: TaskProgress) => void,
    signal: AbortSignal,
  ): Promise<Map<string, TaskOutput>> {
    const keys = [...tasks.keys()];
    const results = new Map<string, TaskResult>();
    const enough = new AbortController();
    const isEnough = () => results.size === keys.length || [...results.values()].some((result) => 'error' in result);
    const keep = (key: string, result: TaskResult) => {
      results.set(key, result);
      if (isEnough()) enough.abort();
    };
    const silence = keys.map((key) =>
      this.#options.queue.listen(key, (progress) => onProgress(key, progress as TaskProgress)),
    );
    const stop = await this.#options.queue.watch(keys, keep);
    try {
      for (const task of tasks.values()) await this.#options.queue.publish(task);
      while (!isEnough()) {
        await sleep(LOOK_INTERVAL_MS, undefined, { signal: AbortSignal.any([enough.signal, signal]) }).catch(
          () => undefined,
        );
        if (signal.aborted) throw new ForgeError('CANCELLED', 'the tasks are no longer wanted');
        if (!isEnough()) await this.#look(tasks, results, keep);
      }
      return await this.#outputsOf(results);
    } finally {
      stop();
      for (const end of silence) end();
    }
  }

  /** For results that the watch did not tell of, and for tasks that are neither done nor in the queue. */
  async #look(
    tasks: ReadonlyMap<string, QueuedTask>,
    results: ReadonlyMap<string, TaskResult>,
    keep: (key: string, result: TaskResult) => void,
  ): Promise<void> {
    for (const task of tasks.values()) {
      if (results.has(task.key)) continue;
      const result = await this.#options.queue.result(task.key);
      if (result) keep(task.key, result);
      else await this.#options.queue.publish(task);
    }
  }

  async #outputsOf(results: ReadonlyMap<string, TaskResult>): Promise<Map<string, TaskOutput>> {
    const outputs = new Map<string, TaskOutput>();
    for (const [key, result] of results) {
      if ('error' in result) {
        await this.#options.queue.forgetResult(key);
        throw new ForgeError(result.error.code as ErrorCode, result.error.message);
      }
      outputs.set(key, result);
    }
    return outputs;
  }
}
