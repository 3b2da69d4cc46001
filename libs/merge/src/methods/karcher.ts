import { clamp } from '../math/angles.js';
import { combine } from '../math/combine.js';
import { gram, inner, squaredNorm, type Gram } from '../math/gram.js';
import { defineMethod } from '../method.js';
import { integer, number } from '../parameters.js';

/** More steps than this only add rounding errors: the mean of models converges in a few. */
const MAX_ITERATIONS = 10_000;

/**
 * The Riemannian centre of mass of the inputs' directions on the sphere, with the mean of their lengths; all inputs weigh
 * the same. Inputs without a direction take part in the length only.
 */
export const karcher = defineMethod({
  name: 'karcher',
  title: 'Karcher Mean',
  reference: 'Karcher, Riemannian Center of Mass, 1977; arXiv 2603.04972',
  base: 'ignored',
  inputs: { min: 1, max: Infinity },
  shared: {
    max_iter: integer('steps at most', 10, { min: 0, max: MAX_ITERATIONS }),
    tol: number('shorter steps end it; shorter vectors have no direction', 1e-5, { min: 0 }),
  },
  perInput: {},
  merge: ({ inputs, shared }, out) => {
    const vectors = inputs.map(({ tensor }) => tensor);
    if (vectors.length === 1) return combine(vectors, [1], out);
    const products = gram(vectors, null, 0, out.length);
    const norms = products.map((row, i) => Math.sqrt(row[i]!));
    if (norms.every((norm) => norm <= shared.tol)) return combine([], [], out);
    const scale = norms.reduce((a, b) => a + b, 0) / norms.length;
    const mean = meanDirection(products, norms, shared.max_iter, shared.tol);
    combine(
      vectors,
      mean.map((c) => c * scale),
      out,
    );
  },
});

/** Coefficients of the vectors in the mean direction. */
function meanDirection(products: Gram, norms: readonly number[], steps: number, tolerance: number): number[] {
  const units = norms
    .map((norm, i) => norms.map((_, j) => (i === j ? 1 / norm : 0)))
    .filter((_, i) => norms[i]! > tolerance);
  const share = 1 / units.length;
  let mean = norms.map((_, j) => units.reduce((sum, unit) => sum + share * unit[j]!, 0));
  const length = Math.sqrt(squaredNorm(products, mean));
  mean = length < tolerance ? units[0]! : mean.map((c) => c / length);
  for (let step = 0; step < steps; step++) {
    const tangent = mean.map(() => 0);
    for (const unit of units) {
      const cosine = clamp(inner(products, mean, unit), -1, 1);
      const angle = Math.acos(cosine);
      if (angle < tolerance) continue;
      const factor = (share * angle) / Math.sin(angle);
      for (const [j, c] of mean.entries()) tangent[j]! += factor * (unit[j]! - cosine * c);
    }
    const distance = Math.sqrt(squaredNorm(products, tangent));
    if (distance < tolerance) break;
    const [cosine, sine] = [Math.cos(distance), Math.sin(distance) / distance];
    mean = mean.map((c, j) => cosine * c + sine * tangent[j]!);
    const norm = Math.sqrt(squaredNorm(products, mean));
    if (norm > tolerance) mean = mean.map((c) => c / norm);
  }
  return mean;
}
