import { forEachBlock, BLOCK_ELEMENTS } from '../math/blocks.js';
import { magnitudeKeys, selectLargest, type Selection } from '../math/select.js';
import { KEEP_ALL, KEEP_NONE, type Pruning } from './pruning.js';
import type { TaskVector } from './task-vector.js';

/**
 * Keeps the ⌊density · n⌋ largest magnitudes, at least one; of equal ones the first (TIES-Merging, arXiv 2306.01708,
 * section 4, with the whole tensor as the unit).
 * @param scratch as long as the vector; overwritten
 */
export function keepLargest(vector: TaskVector, density: number, scratch: Float32Array): Pruning {
  if (density >= 1) return KEEP_ALL;
  if (density <= 0) return KEEP_NONE;
  const keys = keysOf(vector, scratch);
  return largest(selectLargest(keys, Math.max(1, Math.trunc(density * vector.length))));
}

/**
 * Drops the ⌊gamma · n⌋ largest magnitudes as outliers, then keeps the ⌊density · n⌋ largest of the rest (Model
 * Breadcrumbs, arXiv 2312.06795). Where both do not fit, fewer outliers are dropped.
 * @param scratch as long as the vector; overwritten
 */
export function dropOutliers(vector: TaskVector, density: number, gamma: number, scratch: Float32Array): Pruning {
  if (density >= 1) return KEEP_ALL;
  const kept = Math.max(0, Math.trunc(density * vector.length));
  if (kept === 0) return KEEP_NONE;
  const outliers = Math.min(Math.max(0, Math.trunc(gamma * vector.length)), vector.length - kept);
  const keys = keysOf(vector, scratch);
  const upper = largest(selectLargest(keys, outliers + kept));
  return outliers === 0 ? upper : without(upper, selectLargest(keys, outliers));
}

function keysOf(vector: TaskVector, scratch: Float32Array): Uint32Array {
  forEachBlock(0, vector.length, (start, length) => vector.read(start, scratch.subarray(start, start + length)));
  return magnitudeKeys(scratch.subarray(0, vector.length));
}

const bitsOf = (values: Float32Array): Uint32Array => new Uint32Array(values.buffer, values.byteOffset, values.length);

function largest({ key, ties }: Selection): Pruning {
  return {
    begin: () => {
      let left = ties;
      return (stretch) => {
        const bits = bitsOf(stretch);
        for (let i = 0; i < bits.length; i++) {
          const magnitude = bits[i]! & 0x7fffffff;
          if (magnitude < key || (magnitude === key && left-- <= 0)) bits[i] = 0;
        }
      };
    },
  };
}

/** What `pruning` keeps, but for the largest. */
function without(pruning: Pruning, { key, ties }: Selection): Pruning {
  const magnitudes = new Uint32Array(BLOCK_ELEMENTS);
  return {
    begin: () => {
      let left = ties;
      const mask = pruning.begin();
      return (stretch, start) => {
        const bits = bitsOf(stretch);
        const before = magnitudes.length < bits.length ? new Uint32Array(bits.length) : magnitudes;
        for (let i = 0; i < bits.length; i++) before[i] = bits[i]! & 0x7fffffff;
        mask(stretch, start);
        for (let i = 0; i < bits.length; i++) if (before[i]! > key || (before[i] === key && left-- > 0)) bits[i] = 0;
      };
    },
  };
}
