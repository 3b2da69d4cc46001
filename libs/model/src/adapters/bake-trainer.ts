import { ForgeError } from '@agent-forge/contracts';
import { type SessionOptions, type StepReport, TrainLoop, adamw, buildTrainProgram } from '@agent-forge/tensor';
import { parametersOf } from '../training/optimizer-options.js';
import type { TrainState } from '../training/train-language-model.js';
import type { Model, Weights } from '../weights.js';
import { bakeFields, bakeLoss } from './bake-loss.js';
import { type BakeExample, type BakeShape, bakeBatch } from './bake-rows.js';
import { type Adapter, initFactors } from './lora.js';

/** What a baking is told. */
export interface BakeTrainerOptions {
  /** Teacher and, with the adapter, student; never changed. */
  readonly model: Model;
  readonly shape: BakeShape;
  readonly rank: number;
  /** alpha / rank. */
  readonly scale: number;
  /** Tokens of the teacher that are compared one by one, those that it thinks likeliest; the others count together. 0, the default, is all. */
  readonly topK?: number;
  /** First rate of AdamW; falls in a straight line to 0. */
  readonly learningRate: number;
  readonly steps: number;
  readonly seed: number | string;
  /** Goes on from here. */
  readonly resume?: TrainState;
  readonly session?: SessionOptions;
}

/** The base stands in the training graph, which protobuf limits to 2 GiB; onnxruntime takes no other place for constants of a loop's body. */
const MAX_BASE_BYTES = 1.9e9;

/** Trains an adapter until the model without a prompt answers as it does with it (prompt baking, Bhargava et al. 2024, arXiv:2409.13697). */
export class BakeTrainer {
  private constructor(
    private readonly options: BakeTrainerOptions,
    private readonly factors: Weights,
    private readonly loop: TrainLoop,
    private done: number,
  ) {}

  /** @throws ForgeError INVALID_ARGUMENT for a model that is too large */
  static async create(options: BakeTrainerOptions): Promise<BakeTrainer> {
    const { model, rank, seed, learningRate, resume } = options;
    const bytes = [...model.weights.values()].reduce((sum, { data }) => sum + data.byteLength, 0);
    if (bytes > MAX_BASE_BYTES)
      throw new ForgeError(
        'INVALID_ARGUMENT',
        `prompts can be baked into models of at most ${MAX_BASE_BYTES / 1e9} GB of float32 weights; this one has ${(bytes / 1e9).toFixed(1)} GB`,
      );
    const factors = initFactors(model.weights, rank, seed);
    const program = buildTrainProgram({
      parameters: parametersOf(factors),
      batch: bakeFields(options.shape),
      loss: bakeLoss(model, options.shape, options),
      optimizer: adamw({ learningRate, beta1: 0.9, beta2: 0.95, weightDecay: 0 }),
      clipNorm: 1,
    });
    const start = new Map([...factors].map(([name, t]) => [name, t.data]));
    const loop = await TrainLoop.create(program, start, options.session);
    if (resume) {
      const values = [...resume.weights].map(([name, t]) => [name, t.data] as const);
      loop.restore(resume.step, new Map([...values, ...resume.optimizer]));
    }
    return new BakeTrainer(options, factors, loop, resume?.step ?? 0);
  }

  /**
   * One optimiser step; its loss is the mean divergence per answer token, in nats.
   * @throws ForgeError DIVERGED
   */
  async step(examples: readonly BakeExample[]): Promise<StepReport> {
    const { shape, steps } = this.options;
    const [report] = await this.loop.advance([bakeBatch(examples, shape)], (step) => 1 - (step - 1) / steps);
    this.done += 1;
    if (!Number.isFinite(report!.loss))
      throw new ForgeError('DIVERGED', `baking diverged: the loss of step ${report!.step} is ${report!.loss}`);
    return report!;
  }

  /** The adapter as it is now, copied. */
  adapter(): Adapter {
    const copy = [...this.factors].map(
      ([name, { shape }]) => [name, { shape, data: (this.loop.value(name) as Float32Array).slice() }] as const,
    );
    return { factors: new Map(copy), scale: this.options.scale };
  }

  /** Enough to go on with exactly the same bytes. */
  state(): TrainState {
    const optimizer = this.loop.state();
    return { step: this.done, steps: this.options.steps, weights: this.adapter().factors, optimizer };
  }

  release(): Promise<void> {
    return this.loop.release();
  }
}
