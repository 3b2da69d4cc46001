import { keepByRank, randomWords, rankRoom, type RankRule } from '../math/kernels.js';
import { scratchFloats } from '../math/scratch.js';
import { KEEP_ALL, KEEP_NONE, rescaled, type Mask, type Pruning } from './pruning.js';
import type { Rescale } from '../parameters.js';
import type { TaskVector } from './task-vector.js';

/**
 * Keeps values at random, larger magnitudes of a row more likely: from density − epsilon for the smallest to density +
 * epsilon for the largest, linear in the rank (MAGPRUNE of DELLA-Merging, arXiv 2406.11617, section 3.1). The one
 * value of a row of length 1 is kept with probability `density`.
 */
export function keepRanked(vector: TaskVector, density: number, epsilon: number, rule: Rescale): Pruning {
  if (density >= 1) return KEEP_ALL;
  if (density <= 0) return KEEP_NONE;
  const divide = rule === 'inverse_density';
  const pruning: Pruning = { begin: () => ranked(vector, { density, epsilon, divide }) };
  return rescaled(pruning, vector, rule);
}

/** @returns why these are no probabilities, or null */
export function rankProblem(density: number, epsilon: number): string | null {
  if (density >= 1 || density <= 0 || (density + epsilon < 1 && density - epsilon > 0)) return null;
  return `density ${density} with epsilon ${epsilon} leaves the range between 0 and 1; choose a smaller epsilon`;
}

function ranked(vector: TaskVector, rule: RankRule): Mask {
  const { rowLength } = vector;
  const words = randomWords(vector.random().state());
  const room = scratchFloats(rankRoom(rowLength));
  return (stretch) => {
    for (let row = 0; row < stretch.length; row += rowLength)
      keepByRank(stretch.subarray(row, row + rowLength), words, rule, room);
  };
}
