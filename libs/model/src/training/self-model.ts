import { type Value, add, matmul, mul, reduceMean, reduceSum, rmsNorm, sub } from '@agent-forge/tensor';
import type { LlamaConfig } from '../config.js';
import type { Weights } from '../weights.js';
import type { AuxiliaryLoss } from './language-model-loss.js';
import type { Auxiliary } from './train-language-model.js';

/** What a model is to know of itself. */
export interface SelfModelOptions {
  /** Layers whose output it predicts, from 1. */
  readonly layers: readonly number[];
  /** How much that counts beside the loss of the language model, once it is warm. */
  readonly weight: number;
  /** Part of the steps over which the weight grows from 0. */
  readonly warmup: number;
}

/** One matrix [width, width] for each layer, beside the model's own tensors. */
const nameOf = (layer: number): string => `self_model.${layer}.weight`;

/**
 * The self-modelling loss (Premakumar et al. 2024, arXiv:2407.10188, section 2): linear outputs on the last hidden state n predict the network's own
 * activations, and the mean square of their error is trained beside the task, through the prediction and through what is predicted. Here
 * the activations are what flows out of a layer, divided by its root mean square: predicting nothing costs 1 at any scale, so the network cannot please the
 * loss by becoming small. Mean over the layers and, by their weights, over the tokens that count in the loss. The matrices start at zero.
 */
export function selfModel(config: LlamaConfig, { layers, weight, warmup }: SelfModelOptions): Auxiliary {
  const width = config.hiddenSize;
  const weights: Weights = new Map(
    layers.map((layer) => [nameOf(layer), { shape: [width, width], data: new Float32Array(width * width) }]),
  );
  const loss: AuxiliaryLoss = ({ tensors, states, hidden, weights: counts }) => {
    const graph = hidden.graph;
    const ones = graph.constant(graph.float, [width], new Float32Array(width).fill(1), 'ones');
    const errors = layers.map((layer) => {
      const target = rmsNorm(states[layer]!, ones, config.rmsNormEps);
      const error = sub(matmul(hidden, tensors.get(nameOf(layer))!, { transB: true }), target);
      return reduceSum(mul(reduceMean(mul(error, error), [1]), counts));
    });
    return mul(sum(errors), graph.scalar(1 / layers.length));
  };
  return { loss, weights, weight: (step, steps) => weight * (warmup > 0 ? Math.min(1, step / (warmup * steps)) : 1) };
}

function sum(values: readonly Value[]): Value {
  return values.reduce(add);
}
