import { forEachBlock, blockLength } from '../math/blocks.js';
import { scale, sumOfMagnitudes } from '../math/kernels.js';
import { scratchFloats } from '../math/scratch.js';
import type { Rescale } from '../parameters.js';
import type { TaskVector } from './task-vector.js';

/**
 * Zeroes what is dropped of a stretch of a task vector, in place. Stretches come in order from the first element, since
 * ties and random numbers are counted along; they are whole rows where a pruning asks for it.
 */
export type Mask = (stretch: Float32Array, start: number) => void;

/** What is kept of a task vector. */
export interface Pruning {
  /** A mask that begins at the first element; each call gives one that decides the same. */
  begin(): Mask;
}

/** Keeps everything. */
export const KEEP_ALL: Pruning = { begin: () => () => undefined };

/** Keeps nothing. */
export const KEEP_NONE: Pruning = { begin: () => (stretch) => void stretch.fill(0) };

/** A smaller sum of magnitudes is not scaled: there is nothing to scale. */
const MIN_L1 = 1e-7;

/** With `l1` what is kept is scaled so that the sum of magnitudes is what it was before. */
export function rescaled(pruning: Pruning, vector: TaskVector, rule: Rescale): Pruning {
  if (rule !== 'l1' || pruning === KEEP_ALL || pruning === KEEP_NONE) return pruning;
  let [before, after] = [0, 0];
  const mask = pruning.begin();
  const buffer = scratchFloats(Math.min(blockLength(vector.rowLength), vector.length));
  forEachBlock(
    0,
    vector.length,
    (start, length) => {
      const stretch = buffer.subarray(0, length);
      vector.read(start, stretch);
      before += sumOfMagnitudes(stretch);
      mask(stretch, start);
      after += sumOfMagnitudes(stretch);
    },
    vector.rowLength,
  );
  if (before < MIN_L1 || after < MIN_L1) return pruning;
  return scaled(pruning, before / after);
}

/** Multiplies what is kept. */
export function scaled(pruning: Pruning, factor: number): Pruning {
  return {
    begin: () => {
      const mask = pruning.begin();
      return (stretch, start) => {
        mask(stretch, start);
        scale(stretch, factor);
      };
    },
  };
}
