import { Counter, Gauge, Histogram, type Registry } from 'prom-client';
import { serviceRegistry } from './service-registry.js';

/** Upper ends, in seconds: empty phases take milliseconds, trainings hours. */
const DURATION_BUCKETS = [0.01, 0.1, 1, 10, 60, 300, 1_800, 7_200];

/** How an attempt ended: `discarded` when it no longer counted. */
export type AttemptOutcome = 'completed' | 'released' | 'failed' | 'discarded';
/** How the handling of a task ended: `retried` when it comes again, `dropped` when nobody wanted it any more. */
export type TaskOutcome = 'done' | 'failed' | 'retried' | 'dropped';

/** What a phase service counts. */
export class PhaseMetrics {
  readonly registry: Registry;
  readonly #attempts: Histogram<'outcome'>;
  readonly #started: Counter;
  readonly #progress: Gauge;
  readonly #redeliveries: Counter;
  readonly #tasks: Histogram<'task' | 'outcome'>;
  readonly #lookups: Counter<'task' | 'result'>;
  readonly #artifactBytes: Counter;

  constructor(phase: string) {
    this.registry = serviceRegistry(phase);
    const registers = [this.registry];
    this.#started = new Counter({ name: 'forge_attempts_total', help: 'Attempts that were begun.', registers });
    this.#attempts = new Histogram({
      name: 'forge_attempt_duration_seconds',
      help: 'Attempts that ended, by outcome: completed, released, failed or discarded.',
      labelNames: ['outcome'],
      buckets: DURATION_BUCKETS,
      registers,
    });
    this.#progress = new Gauge({
      name: 'forge_attempt_progress_ratio',
      help: 'Share of the attempt in work that is done; 0 while there is none.',
      registers,
    });
    this.#redeliveries = new Counter({
      name: 'forge_redeliveries_total',
      help: 'Events that the broker delivered again.',
      registers,
    });
    this.#tasks = new Histogram({
      name: 'forge_task_duration_seconds',
      help: 'Tasks out of the queue, by outcome: done, failed, retried or dropped.',
      labelNames: ['task', 'outcome'],
      buckets: DURATION_BUCKETS,
      registers,
    });
    this.#lookups = new Counter({
      name: 'forge_task_lookups_total',
      help: 'Results of tasks that were asked for: a hit was known already, a miss was handed out.',
      labelNames: ['task', 'result'],
      registers,
    });
    this.#artifactBytes = new Counter({
      name: 'forge_artifact_bytes_total',
      help: 'Bytes of the artifacts of completed attempts.',
      registers,
    });
  }

  /** An attempt begins. @returns to be told how it ended */
  attempt(): (outcome: AttemptOutcome) => void {
    this.#started.inc();
    const end = this.#attempts.startTimer();
    return (outcome) => {
      end({ outcome });
      this.#progress.set(0);
    };
  }

  /** @param fraction share of the attempt in work that is done */
  progress(fraction: number): void {
    this.#progress.set(fraction);
  }

  redelivery(): void {
    this.#redeliveries.inc();
  }

  /** A task begins. @returns to be told how its handling ended */
  task(task: string): (outcome: TaskOutcome) => void {
    const end = this.#tasks.startTimer({ task });
    return (outcome) => void end({ outcome });
  }

  /** @param hits results that were known @param misses tasks that had to be handed out */
  lookups(task: string, hits: number, misses: number): void {
    this.#lookups.inc({ task, result: 'hit' }, hits);
    this.#lookups.inc({ task, result: 'miss' }, misses);
  }

  artifacts(sizeBytes: number): void {
    this.#artifactBytes.inc(sizeBytes);
  }
}
