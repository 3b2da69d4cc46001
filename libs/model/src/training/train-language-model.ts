import { ForgeError } from '@agent-forge/contracts';
import { type Provider, type StepBatch, type StepReport, TrainLoop, buildTrainProgram } from '@agent-forge/tensor';
import type { Model, Weights } from '../weights.js';
import type { BatchSource } from './batch.js';
import type { ParameterRule } from '../network/llama.js';
import { type AuxiliaryLoss, batchFields, languageModelLoss } from './language-model-loss.js';
import {
  type OptimizerOptions,
  makeFilter,
  makeOptimizer,
  makeSchedule,
  parametersOf,
  resolveOptimizer,
} from './optimizer-options.js';
import { stepBatch } from './step-batch.js';

/** Where a training stands: enough to go on with exactly the same bytes. */
export interface TrainState {
  /** Optimiser steps done. */
  readonly step: number;
  /** Optimiser steps of the whole training, on which the schedule depends. */
  readonly steps: number;
  readonly weights: Weights;
  /** Optimiser and filter state by name. */
  readonly optimizer: ReadonlyMap<string, Float32Array>;
}

/** Work between steps, for whoever steers or watches a training by its weights. */
export interface Interlude {
  /** Steps from one to the next. */
  readonly every: number;
  /**
   * Called before the first step, and whenever so many are done, the last one excepted; batches of later steps are asked for only afterwards. Called
   * again when a training is resumed there, so what it does must follow from the step and the weights.
   * @param step optimiser steps done
   */
  run(step: number, weights: Weights): Promise<void>;
}

/** A loss beside that of the language model. */
export interface Auxiliary {
  readonly loss: AuxiliaryLoss;
  /** Tensors of its own, trained with the model and kept in checkpoints, but no part of the model; with their first values. */
  readonly weights: Weights;
  /** How much it counts at a step (1-based). */
  readonly weight: (step: number, steps: number) => number;
}

export interface TrainProgress {
  readonly step: number;
  readonly steps: number;
  /** Mean loss of the last call, nats per token. */
  readonly loss: number;
  readonly gradientNorm: number;
  readonly tokensPerSecond: number;
  readonly secondsLeft: number;
}

export interface TrainOptions {
  /** Configuration, tokenizer and first weights; not changed. */
  readonly model: Model;
  readonly source: BatchSource;
  /** Optimiser steps. Give this or `maxSeconds`. */
  readonly steps?: number;
  /** Wall-clock budget, turned into a step count once by measuring the first steps. */
  readonly maxSeconds?: number;
  readonly optimizer?: OptimizerOptions;
  /** Micro-batches per optimiser step. */
  readonly accumulation?: number;
  /** Changes how weights act in the forward pass. */
  readonly rule?: ParameterRule;
  /**
   * How far the quantiser of a model with the ternary mark goes at a step (1-based), 0 to 1; all the way unless given. A
   * ramp lets a floating-point model become ternary without a jump.
   */
  readonly ternaryShare?: (step: number, steps: number) => number;
  readonly auxiliary?: Auxiliary;
  readonly interlude?: Interlude;
  readonly threads?: number;
  readonly provider?: Provider;
  /** Goes on from here. */
  readonly resume?: TrainState;
  readonly signal?: AbortSignal;
  readonly onProgress?: (progress: TrainProgress) => void;
  /** Called with the state about every `checkpointSeconds` and when `signal` stops the training. */
  readonly onCheckpoint?: (state: TrainState) => void | Promise<void>;
  readonly checkpointSeconds?: number;
}

export interface TrainResult {
  readonly model: Model;
  readonly steps: number;
  /** Mean loss of the last tenth of the steps, nats per token. */
  readonly finalLoss: number;
  readonly tokens: number;
  readonly seconds: number;
  /** Every step's loss. */
  readonly losses: readonly number[];
}

/**
 * One call of the session takes about this long: progress moves and an abort is seen soon, and passing 10 M parameters with
 * their state in and out (75 ms) costs a twentieth.
 */
export const CALL_SECONDS = 1.5;
/** More steps than this in one call would save nothing and hold much batch memory. */
const MAX_STEPS_PER_CALL = 64;
/** A time budget is met a little early rather than late. */
const BUDGET_SHARE = 0.96;
const DEFAULT_CHECKPOINT_SECONDS = 20;
/** The sample that turns a time budget into steps: this part of it, within bounds; a shorter one trusts a moment's load. */
const SAMPLE_SHARE = 0.05;
const MIN_SAMPLE_SECONDS = 0.3;
const MAX_SAMPLE_SECONDS = 2;

/**
 * Trains a model on next-token prediction. Blocks its thread while it computes: call it in a worker.
 * @throws ForgeError `INVALID_ARGUMENT` on parameters out of range, `DIVERGED` when the loss is no longer a number,
 *   `CANCELLED` when `signal` aborts (after a last checkpoint)
 */
export async function trainLanguageModel(options: TrainOptions): Promise<TrainResult> {
  const started = performance.now();
  const resolved = resolveOptimizer(options.optimizer ?? {});
  const loop = await createLoop(options);
  try {
    const steps = options.resume?.steps ?? options.steps ?? (await stepsInBudget(loop, options, started));
    if (!Number.isInteger(steps) || steps < 1)
      throw new ForgeError('INVALID_ARGUMENT', `steps is a whole number of at least 1, not ${steps}`);
    const run = new TrainRun(loop, options, steps, makeSchedule(resolved, steps));
    if (options.resume) loop.restore(options.resume.step, tensorsOf(options.resume));
    return await run.run(started);
  } finally {
    await loop.release();
  }
}

async function createLoop(options: TrainOptions): Promise<TrainLoop> {
  const { model, source, accumulation = 1, threads, provider } = options;
  const resolved = resolveOptimizer(options.optimizer ?? {});
  const { rows, length, packed } = source;
  const { ternaryShare, auxiliary } = options;
  const shape = { rows, length, packed, ternaryShare: ternaryShare !== undefined, auxiliaryWeight: !!auxiliary };
  const filter = makeFilter(resolved);
  const initial = allWeights(options);
  const program = buildTrainProgram({
    parameters: parametersOf(initial),
    batch: batchFields(shape),
    accumulation,
    loss: languageModelLoss(model.config, shape, options.rule, auxiliary?.loss),
    optimizer: makeOptimizer(resolved, options.resume?.steps ?? options.steps),
    ...(resolved.clipNorm > 0 ? { clipNorm: resolved.clipNorm } : {}),
    ...(filter ? { filter } : {}),
  });
  const values = new Map([...initial].map(([name, t]) => [name, t.data]));
  return TrainLoop.create(program, values, { ...(threads ? { threads } : {}), ...(provider ? { provider } : {}) });
}

/** Everything that is trained, with its first values. */
function allWeights({ model, auxiliary }: Pick<TrainOptions, 'model' | 'auxiliary'>): Weights {
  return new Map([...model.weights, ...(auxiliary?.weights ?? [])]);
}

/** The batch of optimiser step `step` (0-based) with everything that a step's graph asks for. */
function batchAt(options: TrainOptions, step: number, steps: number): StepBatch {
  const { source, accumulation = 1, ternaryShare, auxiliary } = options;
  const perBatch = (value: number): Float32Array => new Float32Array(accumulation).fill(value);
  const batch = stepBatch(source, step, accumulation);
  const weight = auxiliary ? { auxiliaryWeight: perBatch(auxiliary.weight(step + 1, steps)) } : {};
  if (!ternaryShare) return { ...batch, ...weight };
  const share = ternaryShare(step + 1, steps);
  if (!(share >= 0 && share <= 1))
    throw new ForgeError('INVALID_ARGUMENT', `ternaryShare is from 0 to 1, not ${share} at step ${step + 1}`);
  return { ...batch, ...weight, ternaryShare: perBatch(share) };
}

/** Times a few steps, goes back to the start, and divides what is left of the budget by them. */
async function stepsInBudget(loop: TrainLoop, options: TrainOptions, started: number): Promise<number> {
  const { maxSeconds } = options;
  if (maxSeconds === undefined || !(maxSeconds > 0))
    throw new ForgeError('INVALID_ARGUMENT', 'training needs steps or maxSeconds, greater than 0');
  const sampleSeconds = Math.max(MIN_SAMPLE_SECONDS, Math.min(MAX_SAMPLE_SECONDS, SAMPLE_SHARE * maxSeconds));
  const perStep = await secondsPerStep(loop, options, sampleSeconds);
  const zero = [...loop.state()].map(([name, data]) => [name, data.fill(0)] as const);
  loop.restore(0, new Map([...[...allWeights(options)].map(([name, t]) => [name, t.data] as const), ...zero]));
  const left = maxSeconds - (performance.now() - started) / 1000;
  return Math.max(1, Math.floor((left * BUDGET_SHARE) / perStep));
}

/**
 * Times steps of a training without doing it, for whoever turns a time budget into steps. Takes about four seconds.
 * @throws ForgeError `CANCELLED` when `signal` aborts
 */
export async function measureStepSeconds(options: Omit<TrainOptions, 'steps' | 'maxSeconds'>): Promise<number> {
  const loop = await createLoop(options);
  try {
    return await secondsPerStep(loop, options, MAX_SAMPLE_SECONDS);
  } finally {
    await loop.release();
  }
}

/** Twice as many steps each time, until the sample is long enough to trust. The fastest counts: other programs only ever make one slower. */
async function secondsPerStep(loop: TrainLoop, options: TrainOptions, sampleSeconds: number): Promise<number> {
  const { signal } = options;
  const batches = (n: number) => Array.from({ length: n }, (_, i) => batchAt(options, i, MAX_STEPS_PER_CALL));
  await loop.advance(batches(1), () => 0);
  let [count, seconds, fastest] = [1, 0, Infinity];
  do {
    if (signal?.aborted) throw new ForgeError('CANCELLED', 'training was stopped before its first step');
    count = Math.min(2 * count, MAX_STEPS_PER_CALL);
    const t = performance.now();
    await loop.advance(batches(count), () => 0);
    seconds = (performance.now() - t) / 1000;
    fastest = Math.min(fastest, seconds / count);
  } while (seconds < sampleSeconds && count < MAX_STEPS_PER_CALL);
  return fastest;
}

function tensorsOf(state: TrainState): Map<string, Float32Array> {
  return new Map([...[...state.weights].map(([name, t]) => [name, t.data] as const), ...state.optimizer]);
}

/** One training from its first (or resumed) step to its last. */
class TrainRun {
  private readonly losses: number[] = [];
  private perCall = 1;

  constructor(
    private readonly loop: TrainLoop,
    private readonly options: TrainOptions,
    private readonly steps: number,
    private readonly factor: (step: number) => number,
  ) {}

  async run(started: number): Promise<TrainResult> {
    const { checkpointSeconds = DEFAULT_CHECKPOINT_SECONDS, source, accumulation = 1, signal } = this.options;
    let saved = performance.now();
    const first = this.loop.step;
    while (this.loop.step < this.steps) {
      if (signal?.aborted) await this.abort();
      if (this.untilInterlude() === this.options.interlude?.every)
        await this.options.interlude.run(this.loop.step, this.weights(this.options.model.weights));
      await this.call();
      if ((performance.now() - saved) / 1000 < checkpointSeconds || this.loop.step === this.steps) continue;
      await this.options.onCheckpoint?.(this.snapshot());
      saved = performance.now();
    }
    const tail = this.losses.slice(-Math.max(1, Math.ceil(this.losses.length / 10)));
    return {
      model: { ...this.options.model, weights: this.weights(this.options.model.weights) },
      steps: this.steps,
      finalLoss: tail.reduce((a, b) => a + b, 0) / tail.length,
      tokens: (this.steps - first) * source.rows * source.length * accumulation,
      seconds: (performance.now() - started) / 1000,
      losses: this.losses,
    };
  }

  private async call(): Promise<void> {
    const n = Math.min(this.perCall, this.steps - this.loop.step, this.untilInterlude());
    const batches = Array.from({ length: n }, (_, i) => batchAt(this.options, this.loop.step + i, this.steps));
    const t = performance.now();
    const reports = await this.loop.advance(batches, this.factor);
    const seconds = (performance.now() - t) / 1000;
    this.check(reports);
    this.losses.push(...reports.map((r) => r.loss));
    this.report(reports, seconds / n);
    // The very first call also pays for memory that is allocated once.
    if (this.losses.length > n || n > 1)
      this.perCall = Math.max(
        1,
        Math.min(MAX_STEPS_PER_CALL, 2 * this.perCall, Math.round((CALL_SECONDS * n) / seconds)),
      );
    else this.perCall = 2;
  }

  private untilInterlude(): number {
    const { every = Infinity } = this.options.interlude ?? {};
    return every === Infinity ? Infinity : every - (this.loop.step % every);
  }

  private check(reports: readonly StepReport[]): void {
    const bad = reports.find((r) => !Number.isFinite(r.loss) || !Number.isFinite(r.gradientNorm));
    if (bad)
      throw new ForgeError(
        'DIVERGED',
        `training diverged: the loss of step ${bad.step} is ${bad.loss}; use a lower learning rate`,
      );
  }

  private report(reports: readonly StepReport[], secondsPerStep: number): void {
    const { source, accumulation = 1 } = this.options;
    this.options.onProgress?.({
      step: this.loop.step,
      steps: this.steps,
      loss: reports.reduce((sum, r) => sum + r.loss, 0) / reports.length,
      gradientNorm: reports.at(-1)!.gradientNorm,
      tokensPerSecond: (source.rows * source.length * accumulation) / secondsPerStep,
      secondsLeft: (this.steps - this.loop.step) * secondsPerStep,
    });
  }

  private async abort(): Promise<never> {
    await this.options.onCheckpoint?.(this.snapshot());
    throw new ForgeError('CANCELLED', `training was stopped at step ${this.loop.step} of ${this.steps}`);
  }

  /** Copies of the present values of some tensors. */
  private weights(names: Weights): Weights {
    const copies = [...names].map(([name, { shape }]) => {
      return [name, { shape, data: (this.loop.value(name) as Float32Array).slice() }] as const;
    });
    return new Map(copies);
  }

  private snapshot(): TrainState {
    const { loop, steps, options } = this;
    return { step: loop.step, steps, weights: this.weights(allWeights(options)), optimizer: loop.state() };
  }
}
