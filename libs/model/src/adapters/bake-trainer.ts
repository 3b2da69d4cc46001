import { ForgeError } from '@agent-forge/contracts';
import {
  type Graph,
  type LossResult,
  type SessionOptions,
  type StepReport,
  TrainLoop,
  type TrainProgramOptions,
  type Value,
  adamw,
  buildTrainProgram,
  exp,
  gather,
  logSoftmax,
  mul,
  reduceSum,
  reshape,
  stopGradient,
  straightThrough,
  sub,
} from '@agent-forge/tensor';
import { llamaHidden, llamaLogits } from '../network/llama.js';
import { parameterRule } from '../ternary/ternary-parameters.js';
import { sequenceInputs } from '../training/language-model-loss.js';
import { parametersOf } from '../training/optimizer-options.js';
import type { TrainState } from '../training/train-language-model.js';
import type { Model, Weights } from '../weights.js';
import { type Adapter, adaptedTensors, initFactors } from './lora.js';
import { type BakeExample, type BakeShape, bakeBatch } from './bake-rows.js';

/** What a baking is told. */
export interface BakeTrainerOptions {
  /** Teacher and, with the adapter, student; never changed. */
  readonly model: Model;
  readonly shape: BakeShape;
  readonly rank: number;
  /** alpha / rank. */
  readonly scale: number;
  /** First rate of AdamW; falls in a straight line to 0. */
  readonly learningRate: number;
  readonly steps: number;
  readonly seed: number | string;
  /** Goes on from here. */
  readonly resume?: TrainState;
  readonly session?: SessionOptions;
}

/** Trains an adapter until the model without a prompt answers as it does with it (prompt baking, Bhargava et al. 2024, arXiv:2409.13697). */
export class BakeTrainer {
  private constructor(
    private readonly options: BakeTrainerOptions,
    private readonly factors: Weights,
    private readonly loop: TrainLoop,
    private done: number,
  ) {}

  static async create(options: BakeTrainerOptions): Promise<BakeTrainer> {
    const { model, rank, seed, learningRate, resume, session } = options;
    const factors = initFactors(model.weights, rank, seed);
    const program = buildTrainProgram({
      parameters: parametersOf(factors),
      batch: bakeFields(options.shape),
      loss: bakeLoss(model, options.shape, options.scale),
      optimizer: adamw({ learningRate, beta1: 0.9, beta2: 0.95, weightDecay: 0 }),
      clipNorm: 1,
    });
    const loop = await TrainLoop.create(program, new Map([...factors].map(([name, t]) => [name, t.data])), session);
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

function bakeFields({ rows, promptedLength, plainLength, answerLength }: BakeShape): TrainProgramOptions['batch'] {
  const places = [rows * answerLength];
  return {
    promptedIds: { dtype: 'int32', shape: [rows, promptedLength] },
    plainIds: { dtype: 'int32', shape: [rows, plainLength] },
    promptedPlaces: { dtype: 'int32', shape: places },
    plainPlaces: { dtype: 'int32', shape: places },
    weights: { dtype: 'float32', shape: places },
  };
}

/**
 * KL(teacher with the prompt ‖ student without) over the whole vocabulary, Σ weight · Σ p (log p − log q). The teacher is computed beside the student
 * by the same operations, so where both see the same and the adapter is 0, loss and gradient are 0 exactly: the gradient by the student's logits is
 * written as q − p, which differentiating log q would give only up to rounding.
 */
function bakeLoss(model: Model, shape: BakeShape, scale: number): TrainProgramOptions['loss'] {
  return (graph, factors, batch): LossResult => {
    const base = new Map(
      [...model.weights].map(([name, t]) => [name, graph.constant(graph.float, t.shape, t.data, name)]),
    );
    const adapted = adaptedTensors(base, factors, scale);
    const { promptedLength, plainLength } = shape;
    const teacher = logitsAt(graph, model, base, batch['promptedIds']!, promptedLength, batch['promptedPlaces']!);
    const student = logitsAt(graph, model, adapted, batch['plainIds']!, plainLength, batch['plainPlaces']!);
    const [logP, logQ] = [logSoftmax(teacher), logSoftmax(student)];
    const [p, q] = [exp(logP), exp(logQ)];
    const weights = reshape(batch['weights']!, [shape.rows * shape.answerLength, 1]);
    const divergence = reduceSum(mul(mul(p, sub(logP, logQ)), weights));
    const gradient = stopGradient(mul(sub(q, p), weights));
    return { loss: straightThrough(reduceSum(mul(gradient, student)), divergence) };
  };
}

/** Logits [places, vocabulary] of the tokens at some places. */
function logitsAt(
  graph: Graph,
  { config }: Model,
  tensors: ReadonlyMap<string, Value>,
  ids: Value,
  length: number,
  places: Value,
): Value {
  const parameters = parameterRule(config)(tensors);
  const inputs = sequenceInputs(graph, config, { rows: ids.dim(0), length, packed: false }, {});
  return llamaLogits(config, parameters, gather(llamaHidden(config, parameters, ids, inputs), places));
}
