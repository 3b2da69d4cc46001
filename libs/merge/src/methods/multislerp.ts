import { ForgeError } from '@agent-forge/contracts/core';
import { combine } from '../math/combine.js';
import { gram, inner, squaredNorm } from '../math/gram.js';
import { defineMethod } from '../method.js';
import { flag, number } from '../parameters.js';

/**
 * Barycentric interpolation on the sphere: the inputs' directions are moved to the tangent space at their weighted mean,
 * averaged there and brought back; the length is the weighted mean of the lengths. With a base, of task vectors.
 */
export const multislerp = defineMethod({
  name: 'multislerp',
  title: 'Multi-SLERP',
  reference: 'Goddard, Multi-SLERP, 2025',
  base: 'optional',
  inputs: { min: 1, max: Infinity },
  shared: {
    normalize_weights: flag('divide the weights by their sum', true),
    eps: number('added to norms; a mean shorter than this has no direction', 1e-8, { min: 0 }),
  },
  perInput: { weight: number('share of this model') },
  check: ({ normalize_weights: normalize }, inputs) => {
    const total = inputs.reduce((sum, { weight }) => sum + weight, 0);
    return normalize && total === 0 && inputs.length > 1 ? 'the weights add up to 0 and cannot be normalised' : null;
  },
  merge: ({ name, base, inputs, shared }, out) => {
    const vectors = inputs.map(({ tensor }) => tensor);
    if (vectors.length === 1) return combine(vectors, [1], out);
    const raw = inputs.map(({ parameters }) => parameters.weight);
    const total = shared.normalize_weights ? raw.reduce((a, b) => a + b, 0) : 1;
    const coefficients = barycentre(
      gram(vectors, base, 0, out.length),
      raw.map((weight) => weight / total),
      shared.eps,
      name,
    );
    if (base === null) return combine(vectors, coefficients, out);
    combine([...vectors, base], [...coefficients, 1 - coefficients.reduce((a, b) => a + b, 0)], out);
  },
});

/** Coefficients of the vectors in the result. */
function barycentre(
  products: readonly Float64Array[],
  weights: readonly number[],
  eps: number,
  name: string,
): number[] {
  const norms = products.map((row, i) => Math.sqrt(row[i]!));
  // Nothing has a direction, and nothing is what they agree on.
  if (norms.every((norm) => norm === 0)) return norms;
  const units = norms.map((norm) => 1 / (norm + eps));
  const sum = weights.map((weight, i) => weight * units[i]!);
  const length = Math.sqrt(squaredNorm(products, sum));
  if (length < eps) {
    if (weights.length === 2) return [...weights];
    throw new ForgeError(
      'INVALID_ARGUMENT',
      `multislerp of ${name}: the weighted directions of the models cancel out; choose other weights`,
    );
  }
  const mean = sum.map((c) => c / length);
  const tangent = [...sum];
  for (const [i, weight] of weights.entries()) {
    const unit = units.map((u, j) => (j === i ? u : 0));
    const along = weight * inner(products, unit, mean);
    for (const [j, c] of mean.entries()) tangent[j]! -= along * c;
  }
  const angle = Math.sqrt(squaredNorm(products, tangent)) + eps;
  const scale = norms.reduce((acc, norm, i) => acc + weights[i]! * norm, 0);
  const [cosine, sinc] = [Math.cos(angle), angle === 0 ? 1 : Math.sin(angle) / angle];
  return mean.map((c, i) => scale * (cosine * c + sinc * tangent[i]!));
}
