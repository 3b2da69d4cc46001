import { type Graph, type Value, add, matmul, mul, sub } from '@agent-forge/tensor';
import type { LlamaConfig } from '../config.js';
import type { ParameterRule } from '../network/llama.js';
import { parameterRule } from '../ternary/ternary-parameters.js';
import type { Weights } from '../weights.js';
import type { Decomposition } from './svd.js';

/**
 * What an expert is (singular value fine-tuning, Sun et al. 2025, arXiv:2501.06252, section 3.2): a factor for each of the largest singular values of each
 * matrix, W' = U · diag(sigma · z) · Vᵀ; z by the name of the weight, shape [as many as are scaled]. All 1 is the model itself.
 */
export type Scales = Weights;

/** Factors of 1, which change nothing. @param top how many of the largest singular values of a matrix are scaled; all unless given */
export function initScales(decomposition: Decomposition, top = Infinity): Scales {
  return new Map(
    [...decomposition].map(([name, { sigma }]) => {
      const length = Math.min(top, sigma.data.length);
      return [name, { shape: [length], data: new Float32Array(length).fill(1) }];
    }),
  );
}

/**
 * The tensors of a model with their singular values scaled, as graph nodes, written as W + U · diag(sigma · (z − 1)) · Vᵀ so that z = 1 gives the very
 * weights. What quantises weights comes after it.
 */
export function scaledTensors(
  base: ReadonlyMap<string, Value>,
  decomposition: Decomposition,
  scales: ReadonlyMap<string, Value>,
): Map<string, Value> {
  return new Map(
    [...base].map(([name, weight]) => {
      const parts = decomposition.get(name);
      const z = scales.get(name);
      return [name, parts && z ? add(weight, change(name, parts, z)) : weight];
    }),
  );
}

function change(
  name: string,
  { u, sigma, vT }: Decomposition extends ReadonlyMap<string, infer T> ? T : never,
  z: Value,
): Value {
  const { graph } = z;
  const top = z.dim(0);
  const [out, width] = [u.shape[0]!, vT.shape[1]!];
  const rank = sigma.data.length;
  // The vectors times their singular values once, not in every step.
  const scaledU = new Float32Array(out * top);
  for (let row = 0; row < out; row++)
    for (let i = 0; i < top; i++) scaledU[row * top + i] = u.data[row * rank + i]! * sigma.data[i]!;
  const left = graph.constant(graph.float, [out, top], scaledU, `${name}.left`);
  const right = graph.constant(graph.float, [top, width], vT.data.subarray(0, top * width), `${name}.right`);
  return matmul(mul(left, sub(z, graph.scalar(1))), right);
}

/**
 * A rule under which the tensors of a training are an expert's scales, and the model's own weights stand still.
 * @param base the weights of the model
 */
export function expertRule(config: LlamaConfig, base: Weights, decomposition: Decomposition): ParameterRule {
  return (scales) => {
    const { graph } = scales.values().next().value!;
    return parameterRule(config)(scaledTensors(constants(graph, base), decomposition, scales));
  };
}

/** Weights as constants of a graph. */
export function constants(graph: Graph, weights: Weights): Map<string, Value> {
  return new Map([...weights].map(([name, t]) => [name, graph.constant(graph.float, t.shape, t.data, name)]));
}

/** The factors of a mixture of experts, 1 + Σ alpha · (z − 1): one expert at an alpha of 1 is that expert exactly, none is the model itself. */
export function mixScales(experts: readonly { readonly scales: Scales; readonly alpha: number }[]): Scales {
  const [first] = experts;
  if (first === undefined) return new Map();
  return new Map(
    [...first.scales].map(([name, { shape, data }]) => {
      const each = experts.map(({ scales, alpha }) => ({ z: scales.get(name)!.data, alpha }));
      const mixed = Float32Array.from(data, (_, i) => each.reduce((sum, { z, alpha }) => sum + alpha * (z[i]! - 1), 1));
      return [name, { shape, data: mixed }];
    }),
  );
}
