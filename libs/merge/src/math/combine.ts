import type { Operand } from '../operand.js';
import { BLOCK_ELEMENTS, forEachBlock } from './blocks.js';
import { round } from './kernels.js';

/** Operands that one pass takes together; the more, the less often the sums go through memory. */
const TOGETHER = 4;

/**
 * Σ cᵢ·xᵢ over a range of elements, added up in double precision and rounded once. Operands with a coefficient of exactly
 * 0 are left out, so that their values cannot matter.
 * @param out the range of it is written
 */
export function combine(
  operands: readonly Operand[],
  coefficients: readonly number[],
  out: Float32Array,
  start = 0,
  end = out.length,
): void {
  const used = operands.map((operand, i) => ({ operand, c: coefficients[i]! })).filter(({ c }) => c !== 0);
  const size = Math.min(BLOCK_ELEMENTS, end - start);
  const sum = new Float64Array(size);
  const buffers = Array.from({ length: TOGETHER }, () => new Float32Array(size));
  forEachBlock(start, end, (at, length) => {
    sum.fill(0, 0, length);
    for (let first = 0; first < used.length; first += TOGETHER) {
      const c = [0, 0, 0, 0];
      for (const [i, { operand, c: coefficient }] of used.slice(first, first + TOGETHER).entries()) {
        operand.read(at, length === size ? buffers[i]! : buffers[i]!.subarray(0, length));
        c[i] = coefficient;
      }
      addScaled(sum, buffers, c, Math.min(TOGETHER, used.length - first), length);
    }
    round(sum, out.subarray(at, at + length));
  });
}

function addScaled(
  sum: Float64Array,
  [w, x, y, z]: readonly Float32Array[],
  [a, b, c, d]: readonly number[],
  count: number,
  length: number,
): void {
  if (count === 1) for (let i = 0; i < length; i++) sum[i]! += a! * w![i]!;
  else if (count === 2) for (let i = 0; i < length; i++) sum[i]! += a! * w![i]! + b! * x![i]!;
  else if (count === 3) for (let i = 0; i < length; i++) sum[i]! += a! * w![i]! + b! * x![i]! + c! * y![i]!;
  else for (let i = 0; i < length; i++) sum[i]! += a! * w![i]! + b! * x![i]! + c! * y![i]! + d! * z![i]!;
}
