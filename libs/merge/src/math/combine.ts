import type { Operand } from '../operand.js';
import { BLOCK_ELEMENTS, forEachBlock } from './blocks.js';

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
  const sum = new Float64Array(Math.min(BLOCK_ELEMENTS, end - start));
  const values = new Float32Array(sum.length);
  forEachBlock(start, end, (at, length) => {
    sum.fill(0);
    const x = values.subarray(0, length);
    for (const { operand, c } of used) {
      operand.read(at, x);
      addScaled(sum, x, c);
    }
    for (let i = 0; i < length; i++) out[at + i] = sum[i]!;
  });
}

function addScaled(sum: Float64Array, x: Float32Array, c: number): void {
  for (let i = 0; i < x.length; i++) sum[i]! += c * x[i]!;
}
