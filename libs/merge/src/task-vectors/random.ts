import { keepAtRandom as keep, randomWords } from '../math/kernels.js';
import { KEEP_ALL, KEEP_NONE, rescaled, scaled, type Pruning } from './pruning.js';
import type { Rescale } from '../parameters.js';
import type { TaskVector } from './task-vector.js';

const TWO_TO_32 = 2 ** 32;

/** Keeps each value with probability `density` (DARE, arXiv 2311.03099, section 3). */
export function keepAtRandom(vector: TaskVector, density: number, rule: Rescale): Pruning {
  if (density >= 1) return KEEP_ALL;
  if (density <= 0) return KEEP_NONE;
  const limit = Math.min(Math.ceil(density * TWO_TO_32), TWO_TO_32 - 1);
  const pruning: Pruning = {
    begin: () => {
      const words = randomWords(vector.random().state());
      return (stretch) => keep(stretch, words, limit);
    },
  };
  return rule === 'inverse_density' ? scaled(pruning, 1 / density) : rescaled(pruning, vector, rule);
}
