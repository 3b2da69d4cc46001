import { type Graph, type TensorData, type Value, add, concat, matmul, split } from '@agent-forge/tensor';
import { effectiveWeight } from '../ternary/quantise-weights.js';
import { sharedActivations } from '../ternary/ternary-parameters.js';
import type { Model, WeightTensor } from '../weights.js';
import { type ParameterRule, type Parameters, plainParameters } from './llama.js';

/** A model's weights in an inference graph. */
export interface InferenceParameters {
  readonly parameters: Parameters;
  /** Values of the graph's external constants, complete once the network is built. */
  readonly externals: ReadonlyMap<string, TensorData>;
}

/**
 * Puts a model's weights into a graph as constants, which onnxruntime then packs for its kernels. The products that share
 * an input (q, k and v; gate and up) are computed as one: when one token is decoded, each separate product costs a
 * synchronisation of all threads. Where the configuration carries the ternary mark, weights are quantised here, once, and
 * activations in the graph.
 * @param rule changes how weights act; nothing is joined then, unless the rule does it
 */
export function inferenceParameters(graph: Graph, model: Model, rule?: ParameterRule): InferenceParameters {
  const externals = new Map<string, TensorData>();
  const place = (name: string, { shape, data }: WeightTensor): Value => {
    externals.set(name, data);
    return graph.external(name, 'float32', shape);
  };
  // Constants that the network does not ask for, because they are used joined, never reach the session.
  const weights = rule
    ? model.weights
    : new Map([...model.weights].map(([name, tensor]) => [name, effectiveWeight(name, tensor, model.config)]));
  const tensors = new Map([...weights].map(([name, tensor]) => [name, place(name, tensor)]));
  if (rule) return { parameters: rule(tensors), externals };
  const activations = model.config.ternary ? sharedActivations() : (x: Value) => x;
  const plain = plainParameters(tensors);
  const linears = (names: readonly string[], x: Value): Value[] => {
    const parts = names.map((name) => weights.get(`${name}.weight`)!);
    const product = matmul(activations(x), place(`${names.join('+')}.weight`, stack(parts)), { transB: true });
    const biases = names.flatMap((name) => tensors.get(`${name}.bias`) ?? []);
    const sum = biases.length === names.length ? add(product, concat(biases, 0)) : product;
    return split(
      sum,
      sum.shape.length - 1,
      parts.map((t) => t.shape[0]!),
    );
  };
  const linear = (name: string, x: Value): Value => plain.linear(name, name === 'lm_head' ? x : activations(x));
  return { parameters: { get: plain.get, linear, linears }, externals };
}

/** Matrices of equal width, one below the other. */
function stack(parts: readonly WeightTensor[]): WeightTensor {
  const data = new Float32Array(parts.reduce((n, t) => n + t.data.length, 0));
  let at = 0;
  for (const part of parts) {
    data.set(part.data, at);
    at += part.data.length;
  }
  return { shape: [parts.reduce((n, t) => n + t.shape[0]!, 0), parts[0]!.shape[1]!], data };
}
