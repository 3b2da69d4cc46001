import { jetstream, jetstreamManager, type JetStreamClient, type JetStreamManager } from '@nats-io/jetstream';
import { Kvm, type KV } from '@nats-io/kv';
import type { NatsConnection } from '@nats-io/transport-node';
import { ForgeError, MAX_EVENT_BYTES, type ArtifactName, type Json } from '@agent-forge/contracts';
import { isMessageMissing } from '../errors.js';
import { insist, SEND_TIMEOUT_MS } from '../insist.js';
import { RESULT_BUCKET, TASK_CHECKPOINT_BUCKET, TASK_STREAM } from '../stream-names.js';
import { taskProgressSubject, taskSubject, type QueuedTask, type TaskResult } from './task.js';

/** What a task saved last: plain data and the artifacts that it refers to. */
export interface TaskCheckpoint {
  readonly state: Json;
  readonly artifacts: readonly ArtifactName[];
}

/**
 * The work queue of tasks, their results and their checkpoints. A task waits until some replica has done it; its result stays, for this run and for
 * every other that asks the same.
 */
export class TaskQueue {
  readonly #client: JetStreamClient;

  private constructor(
    readonly connection: NatsConnection,
    private readonly manager: JetStreamManager,
    private readonly results: KV,
    private readonly checkpoints: KV,
  ) {
    this.#client = jetstream(connection, { timeout: SEND_TIMEOUT_MS });
  }

  /** Opens the queue; the streams exist. @throws ForgeError BROKER_UNAVAILABLE */
  static open(connection: NatsConnection): Promise<TaskQueue> {
    return insist(connection, 'open the queue of tasks', async () => {
      const kvm = new Kvm(connection);
      const [manager, results, checkpoints] = await Promise.all([
        jetstreamManager(connection, { timeout: SEND_TIMEOUT_MS }),
        kvm.open(RESULT_BUCKET),
        kvm.open(TASK_CHECKPOINT_BUCKET),
      ]);
      return new TaskQueue(connection, manager, results, checkpoints);
    });
  }

  /**
   * Puts a task into the queue unless it waits there already.
   * @throws ForgeError PAYLOAD_TOO_LARGE, BROKER_UNAVAILABLE, STORE_UNAVAILABLE
   */
  async publish(task: QueuedTask): Promise<void> {
    const data = new TextEncoder().encode(JSON.stringify(task));
    if (data.length > MAX_EVENT_BYTES)
      throw new ForgeError('PAYLOAD_TOO_LARGE', `the input of task ${task.task} is over ${MAX_EVENT_BYTES} bytes`);
    if (await this.isWaiting(task)) return;
    await insist(this.connection, `hand out task ${task.task}`, () => this.#client.publish(taskSubject(task), data));
  }

  /** Whether a task is in the queue, in work or not. */
  isWaiting(task: QueuedTask): Promise<boolean> {
    return insist(this.connection, `look for task ${task.task}`, async () => {
      try {
        return (await this.manager.streams.getMessage(TASK_STREAM, { last_by_subj: taskSubject(task) })) !== null;
      } catch (error) {
        if (isMessageMissing(error)) return false;
        throw error;
      }
    });
  }

  /** What came of a task, if it is done. */
  result(key: string): Promise<TaskResult | undefined> {
    return this.#get(this.results, key);
  }

  /**
   * Hears of results of some tasks, those that are there already too, each as soon as it is kept.
   * @returns the way to stop
   */
  async watch(keys: readonly string[], onResult: (key: string, result: TaskResult) => void): Promise<() => void> {
    const entries = await insist(this.connection, 'watch results', () => this.results.watch({ key: [...keys] }));
    const reading = (async () => {
      for await (const entry of entries) if (entry.operation === 'PUT') onResult(entry.key, entry.json<TaskResult>());
    })();
    // A watch that ends early is no loss: whoever waits also looks from time to time.
    reading.catch(() => undefined);
    return () => entries.stop();
  }

  async putResult(key: string, result: TaskResult): Promise<void> {
    await this.#put(this.results, key, result);
    await this.#forget(this.checkpoints, key);
  }

  forgetResult(key: string): Promise<void> {
    return this.#forget(this.results, key);
  }

  checkpoint(key: string): Promise<TaskCheckpoint | undefined> {
    return this.#get(this.checkpoints, key);
  }

  putCheckpoint(key: string, checkpoint: TaskCheckpoint): Promise<void> {
    return this.#put(this.checkpoints, key, checkpoint);
  }

  /** Tells whoever listens how far a task is; lost if nobody does. */
  tell(key: string, progress: object): void {
    if (!this.connection.isClosed()) this.connection.publish(taskProgressSubject(key), JSON.stringify(progress));
  }

  /** Listens to the progress of a task. @returns the way to stop */
  listen(key: string, onProgress: (progress: unknown) => void): () => void {
    const subscription = this.connection.subscribe(taskProgressSubject(key), {
      callback: (error, message) => {
        if (error === null) onProgress(message.json());
      },
    });
    return () => subscription.unsubscribe();
  }

  async #get<T>(bucket: KV, key: string): Promise<T | undefined> {
    return insist(this.connection, `read ${key}`, async () => {
      const entry = await bucket.get(key);
      return entry?.operation === 'PUT' ? entry.json<T>() : undefined;
    });
  }

  async #put(bucket: KV, key: string, value: unknown): Promise<void> {
    await insist(this.connection, `keep ${key}`, () => bucket.put(key, JSON.stringify(value)));
  }

  async #forget(bucket: KV, key: string): Promise<void> {
    await insist(this.connection, `forget ${key}`, () => bucket.purge(key));
  }
}
