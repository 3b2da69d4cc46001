import { mkdtemp, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { ForgeError } from '@agent-forge/contracts';
import { HEARTBEAT_MS, type QueuedTask, type RunLog, type TaskQueue, type TaskSettlement } from '@agent-forge/nats';
import {
  assertCheckpointFits,
  type Checkpoint,
  type Phase,
  type TaskOutput,
  type TaskProgress,
} from '@agent-forge/phases';
import { phaseOf, retryDelayMs } from '@agent-forge/run';
import { workDir, type ServiceConfig } from '../config.js';
import type { TaskJob } from '../job/task-job.js';
import type { Logger } from '../logger.js';
import type { PhaseMetrics, TaskOutcome } from '../metrics/phase-metrics.js';
import { storeLocation } from '../open-store.js';
import type { WorkerSlot } from '../thread/worker-slot.js';

const TASK_JOB = new URL('../job/task-job.js', import.meta.url);
/** Times that a task is handed out before it fails for good; being shut down uses one up as well. */
const MAX_DELIVERIES = 8;

/** What a runner works with. */
export interface TaskRunnerOptions {
  readonly phase: Phase;
  readonly queue: TaskQueue;
  readonly log: RunLog;
  readonly config: ServiceConfig;
  readonly logger: Logger;
  readonly metrics: PhaseMetrics;
  readonly slot: WorkerSlot;
}

/** Does tasks out of the queue, whichever run asked for them. */
export class TaskRunner {
  constructor(private readonly options: TaskRunnerOptions) {}

  /** What becomes of a task: done, failed for good and told so, dropped because nobody wants it any more, or to be tried again. */
  handle = async (task: QueuedTask, delivery: number, shutdown: AbortSignal): Promise<TaskSettlement> => {
    const count = this.options.metrics.task(task.task);
    if ((await this.options.queue.result(task.key)) !== undefined || !(await this.#isWanted(task))) {
      count('dropped');
      return { do: 'ack' };
    }
    if (delivery > MAX_DELIVERIES) {
      count('failed');
      return this.#exhausted(task, 'the workers vanished without a word');
    }
    const watch = this.#watch(task, shutdown);
    try {
      const { value, artifacts } = await this.#work(task, watch.signal);
      const names = artifacts.map(({ id, kind, role }) => ({ id, kind, role }));
      await this.options.queue.putResult(task.key, { value, artifacts: names });
      count('done');
      return { do: 'ack' };
    } catch (thrown) {
      const [outcome, settlement] = await this.#afterError(
        task,
        delivery,
        ForgeError.from(thrown),
        watch.signal,
        shutdown,
      );
      count(outcome);
      return settlement;
    } finally {
      watch.stop();
    }
  };

  async #afterError(
    task: QueuedTask,
    delivery: number,
    { code, message, retry }: ForgeError,
    unwanted: AbortSignal,
    shutdown: AbortSignal,
  ): Promise<[TaskOutcome, TaskSettlement]> {
    if (shutdown.aborted) return ['retried', { do: 'retry', delayMs: 0 }];
    if (unwanted.aborted) return ['dropped', { do: 'ack' }];
    this.options.logger.error({ run: task.run, task: task.task, code }, message);
    if (retry === 'transient') {
      if (delivery >= MAX_DELIVERIES)
        return ['failed', await this.#exhausted(task, `the last said ${code}: ${message}`)];
      return ['retried', { do: 'retry', delayMs: retryDelayMs(delivery) }];
    }
    await this.options.queue.putResult(task.key, { error: { code, message } });
    return ['failed', { do: 'ack' }];
  }

  async #exhausted({ key, task, phase }: QueuedTask, cause: string): Promise<TaskSettlement> {
    const message = `task ${task} of ${phase} was tried ${MAX_DELIVERIES} times; ${cause}`;
    await this.options.queue.putResult(key, { error: { code: 'ATTEMPTS_EXHAUSTED', message } });
    return { do: 'ack' };
  }

  async #work(task: QueuedTask, signal: AbortSignal): Promise<TaskOutput> {
    const { phase, queue, config, slot } = this.options;
    const { key } = task;
    const scratch = await mkdtemp(join(workDir(config.dataDir), `task-${key.slice(0, 12)}-`));
    const job: TaskJob = {
      module: phase.module,
      task: task.task,
      input: task.input,
      artifacts: storeLocation(config, phase.name),
      workDir: scratch,
      threads: config.threads,
      codeVersion: config.codeVersion,
      checkpoint: await queue.checkpoint(key),
    };
    try {
      return await slot.run<TaskJob, TaskOutput, TaskProgress>(TASK_JOB, job, {
        signal,
        onProgress: (progress) => queue.tell(key, progress),
        onAsk: async (_, checkpoint) => {
          assertCheckpointFits(`task ${task.task} of ${phase.name}`, checkpoint as Checkpoint);
          await queue.putCheckpoint(key, checkpoint as Checkpoint);
        },
      });
    } finally {
      await rm(scratch, { recursive: true, force: true });
    }
  }

  /** Whether the run that asked still works on the phase. */
  async #isWanted({ tenant, run, phase }: QueuedTask): Promise<boolean> {
    const { state } = await this.options.log.load(tenant, run);
    return state?.status === 'running' && phaseOf(state, phase)?.status === 'claimed';
  }

  #watch(task: QueuedTask, shutdown: AbortSignal): { signal: AbortSignal; stop(): void } {
    const unwanted = new AbortController();
    const look = () =>
      void this.#isWanted(task).then(
        (isWanted) => isWanted || unwanted.abort(),
        // The broker is away; the next look may tell.
        () => undefined,
      );
    const timer = setInterval(look, HEARTBEAT_MS);
    return { signal: AbortSignal.any([unwanted.signal, shutdown]), stop: () => clearInterval(timer) };
  }
}
