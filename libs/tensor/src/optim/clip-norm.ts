import type { Value } from '../ir/graph.js';
import { add } from '../ops/add.js';
import { clip } from '../ops/clip.js';
import { div } from '../ops/div.js';
import { mul } from '../ops/mul.js';
import { reduceSumSquare } from '../ops/reduce-sum-square.js';
import { sqrt } from '../ops/sqrt.js';

/** Keeps the division finite for all-zero gradients, as torch.nn.utils.clip_grad_norm_ does. */
const NORM_EPS = 1e-6;

/** sqrt of the sum of squares over all tensors: a scalar. */
export function globalNorm(gradients: readonly Value[]): Value {
  return sqrt(gradients.map((g) => reduceSumSquare(g)).reduce(add));
}

/** Scales all gradients by min(1, maxNorm / norm) (Pascanu et al. 2013, arXiv:1211.5063, algorithm 1). */
export function clipByNorm(gradients: readonly Value[], norm: Value, maxNorm: number): Value[] {
  const graph = norm.graph;
  const factor = clip(div(graph.scalar(maxNorm), add(norm, graph.scalar(NORM_EPS))), 0, 1);
  return gradients.map((g) => mul(g, factor));
}
