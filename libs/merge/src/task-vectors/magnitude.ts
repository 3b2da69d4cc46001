import { bitsOf, keepFrom } from '../math/kernels.js';
import type { Selection } from '../math/select.js';
import { largestMagnitudes } from './largest.js';
import { KEEP_ALL, KEEP_NONE, type Pruning } from './pruning.js';
import type { TaskVector } from './task-vector.js';

/**
 * Keeps the ⌊density · n⌋ largest magnitudes, at least one; of equal ones the first (TIES-Merging, arXiv 2306.01708,
 * section 4, with the whole tensor as the unit).
 * @param room as long as the vector; overwritten
 */
export function keepLargest(vector: TaskVector, density: number, room: () => Float32Array): Pruning {
  if (density >= 1) return KEEP_ALL;
  if (density <= 0) return KEEP_NONE;
  return largest(largestMagnitudes(vector, Math.max(1, Math.trunc(density * vector.length)), room()));
}

/**
 * Drops the ⌊gamma · n⌋ largest magnitudes as outliers, then keeps the ⌊density · n⌋ largest of the rest (Model
 * Breadcrumbs, arXiv 2312.06795). Where both do not fit, fewer outliers are dropped.
 * @param room as long as the vector; overwritten
 */
export function dropOutliers(vector: TaskVector, density: number, gamma: number, room: () => Float32Array): Pruning {
  if (density >= 1) return KEEP_ALL;
  const kept = Math.max(0, Math.trunc(density * vector.length));
  if (kept === 0) return KEEP_NONE;
  const outliers = Math.min(Math.max(0, Math.trunc(gamma * vector.length)), vector.length - kept);
  const upper = largest(largestMagnitudes(vector, outliers + kept, room()));
  return outliers === 0 ? upper : without(upper, largestMagnitudes(vector, outliers, room()));
}

function largest({ key, ties }: Selection): Pruning {
  return {
    begin: () => {
      let left = ties;
      return (stretch) => {
        left = keepFrom(stretch, key, left);
      };
    },
  };
}

/** What `pruning` keeps, but for the largest. */
function without(pruning: Pruning, { key, ties }: Selection): Pruning {
  return {
    begin: () => {
      let left = ties;
      const mask = pruning.begin();
      let dropped = new Uint8Array(0);
      return (stretch, start) => {
        const bits = bitsOf(stretch);
        if (dropped.length < bits.length) dropped = new Uint8Array(bits.length);
        for (let i = 0; i < bits.length; i++) {
          const magnitude = bits[i]! & 0x7fffffff;
          dropped[i] = magnitude > key || (magnitude === key && left-- > 0) ? 1 : 0;
        }
        mask(stretch, start);
        for (let i = 0; i < bits.length; i++) if (dropped[i] === 1) bits[i] = 0;
      };
    },
  };
}
