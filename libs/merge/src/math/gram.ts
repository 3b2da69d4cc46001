import type { Operand } from '../operand.js';
import { BLOCK_ELEMENTS, forEachBlock } from './blocks.js';
import { dot, subtract } from './kernels.js';
import { scratchFloats, withScratch } from './scratch.js';

/** Symmetric matrix of inner products. */
export type Gram = readonly Float64Array[];

/**
 * Inner products of vectors over a range of elements, in double precision. Every method that works with norms and angles
 * stays in the span of its inputs, so this matrix is all it has to know of them.
 * @param base subtracted from each vector first; null for none
 */
export function gram(operands: readonly Operand[], base: Operand | null, start: number, end: number): Gram {
  const matrix = operands.map(() => new Float64Array(operands.length));
  const size = Math.min(BLOCK_ELEMENTS, end - start);
  withScratch(() => {
    const buffers = operands.map(() => scratchFloats(size));
    const room = scratchFloats(size);
    forEachBlock(start, end, (at, length) => {
      const vectors = buffers.map((buffer) => buffer.subarray(0, length));
      const origin = room.subarray(0, length);
      base?.read(at, origin);
      for (const [i, x] of vectors.entries()) {
        operands[i]!.read(at, x);
        if (base !== null) subtract(x, origin);
        for (let j = 0; j <= i; j++) matrix[i]![j]! += dot(x, vectors[j]!);
      }
    });
  });
  for (const [i, row] of matrix.entries()) for (let j = 0; j < i; j++) matrix[j]![i] = row[j]!;
  return matrix;
}

/** cᵀ·G·c: the squared norm of a combination. Rounding never makes it negative. */
export function squaredNorm(matrix: Gram, coefficients: readonly number[]): number {
  return Math.max(0, inner(matrix, coefficients, coefficients));
}

/** aᵀ·G·b: the inner product of two combinations. */
export function inner(matrix: Gram, a: readonly number[], b: readonly number[]): number {
  let sum = 0;
  for (const [i, row] of matrix.entries()) for (const [j, product] of row.entries()) sum += a[i]! * product * b[j]!;
  return sum;
}
