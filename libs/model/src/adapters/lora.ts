import { Rng } from '@agent-forge/contracts';
import { type Value, add, matmul, mul } from '@agent-forge/tensor';
import type { Weights } from '../weights.js';

/** Low-rank factors of a change of weights (LoRA, Hu et al. 2021, arXiv:2106.09685): a matrix changes by alpha / rank · B · A. */
export interface Adapter {
  /** `X.lora_A.weight` [rank, in] and `X.lora_B.weight` [out, rank] for every projection `X.weight` [out, in]. */
  readonly factors: Weights;
  /** alpha / rank. */
  readonly scale: number;
}

const PROJECTION = /^model\.layers\.\d+\..*_proj\.weight$/;

/** Whether a tensor is a projection of a layer, which adapters change; embedding, head, norms and biases stay. */
export function isProjection(name: string): boolean {
  return PROJECTION.test(name);
}

/** The names of the factors of a projection's weight. */
export function factorNames(weight: string): { readonly a: string; readonly b: string } {
  const stem = weight.slice(0, -'.weight'.length);
  return { a: `${stem}.lora_A.weight`, b: `${stem}.lora_B.weight` };
}

/** Factors that change nothing yet: A ~ N(0, 1 / in), B = 0. Each tensor has its own random stream. */
export function initFactors(weights: Weights, rank: number, seed: number | string): Weights {
  const factors: Weights = new Map();
  for (const [name, { shape }] of weights) {
    if (!isProjection(name)) continue;
    const [out, width] = shape as [number, number];
    const rng = Rng.derive(seed, 'lora', name);
    const { a, b } = factorNames(name);
    const std = 1 / Math.sqrt(width);
    factors.set(a, {
      shape: [rank, width],
      data: Float32Array.from({ length: rank * width }, () => std * rng.normal()),
    });
    factors.set(b, { shape: [out, rank], data: new Float32Array(out * rank) });
  }
  return factors;
}

/** The tensors of a model with every projection replaced by W + scale · B · A, as graph nodes: what quantises weights comes after it. */
export function adaptedTensors(
  base: ReadonlyMap<string, Value>,
  factors: ReadonlyMap<string, Value>,
  scale: number,
): Map<string, Value> {
  return new Map(
    [...base].map(([name, weight]) => {
      const { a, b } = factorNames(name);
      if (!isProjection(name) || !factors.has(b)) return [name, weight];
      const delta = mul(matmul(factors.get(b)!, factors.get(a)!), weight.graph.scalar(scale));
      return [name, add(weight, delta)];
    }),
  );
}

/**
 * The weights with an adapter added into them.
 * @param strength part of the change that is added: 0 gives the very same weights, 1 all of it, below 1 is half-baking
 *   (Bhargava et al. 2024, arXiv:2409.13697), −1 takes an adapter out of weights that it was added to, up to float32 rounding
 */
export function mergeAdapter(weights: Weights, { factors, scale }: Adapter, strength = 1): Weights {
  const factor = strength * scale;
  if (factor === 0) return new Map(weights);
  return new Map(
    [...weights].map(([name, tensor]) => {
      const { a, b } = factorNames(name);
      if (!isProjection(name) || !factors.has(b)) return [name, tensor];
      const [out, width] = tensor.shape as [number, number];
      const delta = product(factors.get(b)!.data, factors.get(a)!.data, out, width);
      return [name, { shape: tensor.shape, data: tensor.data.map((value, i) => value + factor * delta[i]!) }];
    }),
  );
}

/** B [out, rank] · A [rank, width], summed in float64. */
function product(b: Float32Array, a: Float32Array, out: number, width: number): Float64Array {
  const rank = b.length / out;
  const sum = new Float64Array(out * width);
  for (let row = 0; row < out; row++)
    for (let r = 0; r < rank; r++) {
      const left = b[row * rank + r]!;
      for (let column = 0; column < width; column++) sum[row * width + column]! += left * a[r * width + column]!;
    }
  return sum;
}
