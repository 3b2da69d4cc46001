import { join } from 'node:path';
import { ForgeError, type Json, type Lineage } from '@agent-forge/contracts';
import {
  readCheckpoint,
  resolveOptimizer,
  trainLanguageModel,
  writeCheckpoint,
  type Auxiliary,
  type BatchSource,
  type Interlude,
  type Model,
  type OptimizerOptions,
  type ParameterRule,
  type TrainResult,
  type TrainState,
} from '@agent-forge/model';
import type { TaskContext } from '../task.js';
import { mkdir, rm } from 'node:fs/promises';
import { SpikeDetector } from './divergence.js';
import { CHECKPOINT_SECONDS } from './limits.js';

/** What a training that diverged goes on with, as a part of the rate that it diverged at. */
const RATE_FACTOR = 0.5;
const FILE = 'checkpoint.safetensors';

/** A training that diverged and went on. */
export interface Rollback {
  /** What was seen. */
  readonly reason: string;
  /** The step that it went back to; 0 is the beginning. */
  readonly toStep: number;
  /** Learning rates from then on, as a part of those that were asked for. */
  readonly rate: number;
}

/** Work between steps that decides what later batches are, and remembers it. */
export interface Steering extends Interlude {
  /** What was decided so far, for a checkpoint; what was decided for a step stays until that step is done again. */
  state(): Json;
  restore(state: Json): void;
}

/** What is to be trained, and how. */
export interface RecoverableTraining {
  readonly model: Model;
  readonly source: BatchSource;
  readonly steps: number;
  readonly optimizer: OptimizerOptions;
  readonly maxRollbacks: number;
  /** Of the checkpoints, should anybody look at one. */
  readonly lineage: Lineage;
  readonly rule?: ParameterRule;
  /** Part of the steps over which the quantiser of a ternary model comes in. */
  readonly ramp?: number;
  readonly auxiliary?: Auxiliary;
  readonly steering?: Steering;
}

/** The result, and how it came about. */
export interface RecoveredTraining extends TrainResult {
  readonly rollbacks: readonly Rollback[];
}

/** What a checkpoint says besides its file. */
interface Settings {
  readonly rollbacks: readonly Rollback[];
  readonly steering?: Json;
}

type Host = Pick<
  TaskContext,
  'artifacts' | 'workDir' | 'threads' | 'signal' | 'checkpoint' | 'saveCheckpoint' | 'report'
>;

/**
 * Trains a model, goes on from the host's checkpoint with the same bytes as if it had never stopped, and rolls back to the last good state with lower
 * learning rates when the loss is no number or jumps.
 * @throws ForgeError DIVERGED after `maxRollbacks`, CANCELLED after the host's signal (a last checkpoint is saved)
 */
export async function trainWithRollback(training: RecoverableTraining, host: Host): Promise<RecoveredTraining> {
  const saved = await lastCheckpoint(host);
  const rollbacks = [...(saved?.settings.rollbacks ?? [])];
  if (saved?.settings.steering !== undefined) training.steering?.restore(saved.settings.steering);
  // Good states, the newest last: one that leads to divergence again gives way to the one before it.
  const good: TrainState[] = saved ? [saved.state] : [];
  for (;;) {
    try {
      const result = await attempt(training, host, good, rollbacks);
      return { ...result, rollbacks };
    } catch (thrown) {
      const error = ForgeError.from(thrown);
      if (error.code !== 'DIVERGED') throw error;
      if (rollbacks.length >= training.maxRollbacks)
        throw new ForgeError(
          'DIVERGED',
          `${error.message}; it was rolled back ${rollbacks.length} times before`,
          error,
        );
      if (rollbacks.at(-1)?.toStep === good.at(-1)?.step) good.pop();
      const toStep = good.at(-1)?.step ?? 0;
      rollbacks.push({ reason: error.message, toStep, rate: RATE_FACTOR ** (rollbacks.length + 1) });
    }
  }
}

async function attempt(
  { model, source, steps, optimizer, lineage, rule, ramp, auxiliary, steering }: RecoverableTraining,
  host: Host,
  good: TrainState[],
  rollbacks: readonly Rollback[],
): Promise<TrainResult> {
  const { threads, signal } = host;
  const detector = new SpikeDetector();
  const resume = good.at(-1);
  return trainLanguageModel({
    model,
    source,
    steps,
    optimizer: slowed(optimizer, rollbacks.at(-1)?.rate ?? 1),
    threads,
    signal,
    ...(rule ? { rule } : {}),
    ...(ramp ? { ternaryShare: (step: number, all: number) => Math.min(1, step / (ramp * all)) } : {}),
    ...(auxiliary ? { auxiliary } : {}),
    ...(steering ? { interlude: forgetful(steering, detector) } : {}),
    ...(resume ? { resume } : {}),
    checkpointSeconds: CHECKPOINT_SECONDS,
    onCheckpoint: async (state) => {
      good.push(state);
      if (good.length > 2) good.shift();
      await keep(host, state, { rollbacks, ...(steering ? { steering: steering.state() } : {}) }, lineage);
    },
    onProgress: ({ step, steps: all, loss, tokensPerSecond, secondsLeft }) => {
      detector.observe(loss, step);
      host.report({ fraction: step / all, step, steps: all, secondsLeft, metrics: { loss, tokensPerSecond } });
    },
  });
}

/** A steered training may go on to harder batches at once, which is no divergence. */
function forgetful(steering: Steering, detector: SpikeDetector): Interlude {
  const run: Interlude['run'] = async (step, weights) => {
    detector.forget();
    await steering.run(step, weights);
  };
  return { every: steering.every, run };
}

async function keep(host: Host, state: TrainState, settings: Settings, lineage: Lineage): Promise<void> {
  const dir = join(host.workDir, 'checkpoint');
  await rm(dir, { recursive: true, force: true });
  await mkdir(dir);
  await writeCheckpoint(join(dir, FILE), state, settings);
  const artifact = await host.artifacts.putFolder(dir, 'checkpoint', { kind: 'checkpoint', lineage });
  await host.saveCheckpoint({ state: { step: state.step }, artifacts: [artifact] });
}

async function lastCheckpoint({ checkpoint, artifacts, workDir }: Host) {
  const artifact = checkpoint?.artifacts[0];
  if (artifact === undefined) return undefined;
  const dir = join(workDir, 'resumed');
  await artifacts.materialise(artifact.id, dir);
  return readCheckpoint<Settings>(join(dir, FILE));
}

function slowed(options: OptimizerOptions, factor: number): OptimizerOptions {
  const { learningRate, adamwLearningRate, ...rest } = resolveOptimizer(options);
  return { ...rest, learningRate: learningRate * factor, adamwLearningRate: adamwLearningRate * factor };
}
