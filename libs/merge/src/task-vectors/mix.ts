import { blockLength, forEachBlock } from '../math/blocks.js';
import { add, addAgreeing, divide, scale, zeroToOne } from '../math/kernels.js';
import { scratchFloats } from '../math/scratch.js';
import type { MergeOutput } from '../output.js';
import type { Mask, Pruning } from './pruning.js';
import type { Origin, TaskVector } from './task-vector.js';

/** A task vector, what is kept of it, and how much it counts. */
export interface MixPart {
  readonly vector: TaskVector;
  readonly pruning: Pruning;
  readonly weight: number;
}

export interface MixOptions {
  /** Elect a sign for each element and leave out the values that differ from it (TIES-Merging, arXiv 2306.01708). */
  readonly elect: boolean;
  /** Divide by the sum of the weights, of those that take part where signs are elected. */
  readonly normalize: boolean;
  /** Factor on the merged task vector. */
  readonly lambda: number;
}

/** A sum of weights closer to 0 than this divides nothing. */
const MIN_DIVISOR = 1e-8;

/**
 * base + λ · the sum of weighted, pruned task vectors. Every step rounds to float32 in the order of mergekit's, so that
 * signs are elected alike.
 */
export function mix(origin: Origin, parts: readonly MixPart[], options: MixOptions, out: MergeOutput): void {
  const rows = parts[0]?.vector.rowLength ?? 1;
  const size = Math.min(blockLength(rows), out.length);
  const masks = parts.map(({ pruning }) => pruning.begin());
  const buffers = parts.map(() => scratchFloats(size));
  const weights = parts.map(({ weight }) => Math.fround(weight));
  const rooms = [0, 1, 2].map(() => scratchFloats(size));
  const work = (start: number, length: number): void => {
    const vectors = buffers.map((buffer) => buffer.subarray(0, length));
    for (const [i, values] of vectors.entries()) weigh(parts[i]!, masks[i]!, weights[i]!, values, start);
    const [sum, vote, divisor] = rooms.map((room) => room.subarray(0, length)) as Rooms;
    addUp(vectors, sum);
    if (options.elect) elect(vectors, weights, sum, vote, divisor);
    else divisor.fill(plainDivisor(weights));
    finish(sum, divisor, options);
    add(sum, origin.read(start, length));
    out.write(start, sum);
  };
  forEachBlock(0, out.length, work, rows);
}

type Rooms = [sum: Float32Array, vote: Float32Array, divisor: Float32Array];

function weigh({ vector }: MixPart, mask: Mask, weight: number, values: Float32Array, start: number): void {
  vector.read(start, values);
  mask(values, start);
  scale(values, weight);
}

function addUp(vectors: readonly Float32Array[], sum: Float32Array): void {
  sum.fill(0);
  for (const values of vectors) add(sum, values);
}

/** Replaces the sums by those of the values whose sign is that of the sum (that of 0 is +). */
function elect(
  vectors: readonly Float32Array[],
  weights: readonly number[],
  sum: Float32Array,
  vote: Float32Array,
  divisor: Float32Array,
): void {
  vote.set(sum);
  sum.fill(0);
  divisor.fill(0);
  for (const [k, values] of vectors.entries()) addAgreeing(values, weights[k]!, vote, sum, divisor);
  zeroToOne(divisor);
}

function plainDivisor(weights: readonly number[]): number {
  const total = weights.reduce((a, b) => Math.fround(a + b), 0);
  return Math.abs(total) < MIN_DIVISOR ? 1 : total;
}

function finish(sum: Float32Array, divisor: Float32Array, options: MixOptions): void {
  if (options.normalize) divide(sum, divisor);
  if (options.lambda !== 1) scale(sum, options.lambda);
}
