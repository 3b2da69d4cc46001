import { blockLength, forEachBlock } from '../math/blocks.js';
import { add, addAgreeing, bitsOf, divide, scale, zeroToOne } from '../math/kernels.js';
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
export function mix(origin: Origin, parts: readonly MixPart[], options: MixOptions, out: Float32Array): void {
  const rows = parts[0]?.vector.rowLength ?? 1;
  const size = Math.min(blockLength(rows), out.length);
  const masks = parts.map(({ pruning }) => pruning.begin());
  const buffers = parts.map(() => new Float32Array(size));
  const weights = parts.map(({ weight }) => Math.fround(weight));
  const [sum, vote, divisor] = [new Float32Array(size), new Float32Array(size), new Float32Array(size)];
  const work = (start: number, length: number): void => {
    const vectors = buffers.map((buffer) => buffer.subarray(0, length));
    for (const [i, values] of vectors.entries()) weigh(parts[i]!, masks[i]!, weights[i]!, values, start);
    const total = sum.subarray(0, length);
    addUp(vectors, total);
    if (options.elect) elect(vectors, weights, total, vote, divisor);
    else divisor.fill(plainDivisor(weights), 0, length);
    const target = out.subarray(start, start + length);
    target.set(origin.read(start, length));
    finish(target, total, divisor, options);
  };
  forEachBlock(0, out.length, work, rows);
}

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
  for (const [k, values] of vectors.entries()) addAgreeing(values, weights[k]!, bitsOf(vote), sum, divisor);
  zeroToOne(divisor);
}

function plainDivisor(weights: readonly number[]): number {
  const total = weights.reduce((a, b) => Math.fround(a + b), 0);
  return Math.abs(total) < MIN_DIVISOR ? 1 : total;
}

function finish(target: Float32Array, sum: Float32Array, divisor: Float32Array, options: MixOptions): void {
  if (options.normalize) divide(sum, divisor);
  if (options.lambda !== 1) scale(sum, Math.fround(options.lambda));
  add(target, sum);
}
