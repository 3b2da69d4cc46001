import { KEEP_ALL, KEEP_NONE, rescaled, type Mask, type Pruning } from './pruning.js';
import type { Rescale } from '../parameters.js';
import type { TaskVector } from './task-vector.js';

const TWO_TO_32 = 2 ** 32;

/**
 * Keeps values at random, larger magnitudes of a row more likely: from density − epsilon for the smallest to density +
 * epsilon for the largest, linear in the rank (MAGPRUNE of DELLA-Merging, arXiv 2406.11617, section 3.1). The one
 * value of a row of length 1 is kept with probability `density`.
 */
export function keepByRank(vector: TaskVector, density: number, epsilon: number, rule: Rescale): Pruning {
  if (density >= 1) return KEEP_ALL;
  if (density <= 0) return KEEP_NONE;
  const pruning: Pruning = { begin: () => ranked(vector, density, epsilon, rule === 'inverse_density') };
  return rescaled(pruning, vector, rule);
}

/** @returns why these are no probabilities, or null */
export function rankProblem(density: number, epsilon: number): string | null {
  if (density >= 1 || density <= 0 || (density + epsilon < 1 && density - epsilon > 0)) return null;
  return `density ${density} with epsilon ${epsilon} leaves the range between 0 and 1; choose a smaller epsilon`;
}

function ranked(vector: TaskVector, density: number, epsilon: number, divide: boolean): Mask {
  const { rowLength } = vector;
  const random = vector.random();
  const order = new Float64Array(rowLength);
  const probability = new Float64Array(rowLength);
  return (stretch) => {
    for (let row = 0; row < stretch.length; row += rowLength) {
      const values = stretch.subarray(row, row + rowLength);
      probabilities(values, density, epsilon, order, probability);
      for (let i = 0; i < rowLength; i++) {
        if (random.uint32() >= probability[i]! * TWO_TO_32) values[i] = 0;
        else if (divide) values[i]! /= probability[i]!;
      }
    }
  };
}

/** Sorts 31 bits of magnitude and the position behind them as one double each: a native sort, with ties in order. */
function probabilities(
  values: Float32Array,
  density: number,
  epsilon: number,
  order: Float64Array,
  result: Float64Array,
): void {
  const bits = new Uint32Array(values.buffer, values.byteOffset, values.length);
  const count = values.length;
  for (let i = 0; i < count; i++) order[i] = (bits[i]! & 0x7fffffff) * count + i;
  order.sort();
  const last = count - 1;
  for (let rank = 0; rank < count; rank++)
    result[order[rank]! % count] = density + epsilon * (last === 0 ? 0 : (2 * rank) / last - 1);
}
