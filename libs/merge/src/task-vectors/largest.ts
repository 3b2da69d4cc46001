import { BLOCK_ELEMENTS, forEachBlock } from '../math/blocks.js';
import { bracket } from '../math/kernels.js';
import { scratchFloats, withScratch } from '../math/scratch.js';
import { keyAtRank, magnitudeKeys, selectLargest, type Selection } from '../math/select.js';
import type { TaskVector } from './task-vector.js';

/** Runs of consecutive values that are looked at first; rows differ in scale, so there are many short ones. */
const SAMPLE_RUNS = 1_024;
const RUN_LENGTH = 16;
/** Share of the sample on each side of the place looked for: three standard deviations of a sample of independent values. */
const MARGIN = 0.0125;
/** Shorter vectors are sorted out whole. */
const MIN_LENGTH = 2 ** 17;
/** Above all magnitudes, those of what is not a number too. */
const TOP = 0x7fffffff;

/**
 * Finds the k-th largest magnitude: a sample says between which two it must lie, and one pass counts those above and collects
 * those between. Where the sample was wrong, all values are sorted out; the answer is the same.
 * @param k from 1 to the length
 * @param room as long as the vector; overwritten
 */
export function largestMagnitudes(vector: TaskVector, k: number, room: Float32Array): Selection {
  return withScratch(() => (vector.length < MIN_LENGTH ? null : narrowed(vector, k, room)) ?? whole(vector, k, room));
}

function whole(vector: TaskVector, k: number, room: Float32Array): Selection {
  const block = scratchFloats(BLOCK_ELEMENTS);
  forEachBlock(0, vector.length, (start, length) => {
    const stretch = block.subarray(0, length);
    vector.read(start, stretch);
    room.set(stretch, start);
  });
  return selectLargest(magnitudeKeys(room.subarray(0, vector.length)), k);
}

/** @returns null when the k-th largest is not where the sample has it */
function narrowed(vector: TaskVector, k: number, room: Float32Array): Selection | null {
  const { low, high } = range(vector, k / vector.length);
  const keys = new Uint32Array(room.buffer, room.byteOffset, room.length);
  const block = scratchFloats(BLOCK_ELEMENTS);
  const space = scratchFloats(BLOCK_ELEMENTS + 1);
  const found = new Int32Array(space.buffer, space.byteOffset, space.length);
  let [above, inside] = [0, 0];
  forEachBlock(0, vector.length, (start, length) => {
    const stretch = block.subarray(0, length);
    vector.read(start, stretch);
    const counted = bracket(stretch, low, high, found);
    keys.set(new Uint32Array(space.buffer, space.byteOffset, counted.inside), inside);
    above += counted.above;
    inside += counted.inside;
  });
  return above < k && k <= above + inside ? selectLargest(keys.subarray(0, inside), k - above) : null;
}

/** Bits of the magnitudes between which the k-th largest of a vector is likely to be. @param share k of all */
function range(vector: TaskVector, share: number): { low: number; high: number } {
  const values = scratchFloats(SAMPLE_RUNS * RUN_LENGTH);
  const step = Math.floor((vector.length - RUN_LENGTH) / (SAMPLE_RUNS - 1));
  for (let run = 0; run < SAMPLE_RUNS; run++)
    vector.peek(run * step, values.subarray(run * RUN_LENGTH, (run + 1) * RUN_LENGTH));
  const sample = magnitudeKeys(values);
  const low = Math.floor((1 - share - MARGIN) * sample.length);
  const high = Math.ceil((1 - share + MARGIN) * sample.length);
  return {
    low: low < 0 ? 0 : keyAtRank(sample, low),
    high: high >= sample.length ? TOP : keyAtRank(sample, high),
  };
}
