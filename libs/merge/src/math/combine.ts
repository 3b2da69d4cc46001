import type { Operand } from '../operand.js';
import type { MergeOutput } from '../output.js';
import { BLOCK_ELEMENTS, forEachBlock } from './blocks.js';
import { ACCUMULATED, accumulate, round } from './kernels.js';
import { scratchDoubles, scratchFloats, withScratch } from './scratch.js';

/**
 * Σ cᵢ·xᵢ over a range of elements, added up in double precision and rounded once. Operands with a coefficient of exactly
 * 0 are left out, so that their values cannot matter.
 * @param out the range of it is written
 */
export function combine(
  operands: readonly Operand[],
  coefficients: readonly number[],
  out: MergeOutput,
  start = 0,
  end = out.length,
): void {
  const used = operands.map((operand, i) => ({ operand, c: coefficients[i]! })).filter(({ c }) => c !== 0);
  const size = Math.min(BLOCK_ELEMENTS, end - start);
  withScratch(() => {
    const sums = scratchDoubles(size);
    const buffers = Array.from({ length: ACCUMULATED }, () => scratchFloats(size));
    const result = scratchFloats(size);
    forEachBlock(start, end, (at, length) => {
      if (used.length === 0) sums.fill(0);
      const [sum, rounded] = [sums.subarray(0, length), result.subarray(0, length)];
      for (let first = 0; first < used.length; first += ACCUMULATED) {
        const group = used.slice(first, first + ACCUMULATED);
        for (const [i, { operand }] of group.entries()) operand.read(at, buffers[i]!.subarray(0, length));
        accumulate(
          sum,
          buffers,
          [0, 1, 2, 3].map((i) => group[i]?.c ?? 0),
          group.length,
          first === 0,
        );
      }
      round(sum, rounded);
      out.write(at, rounded);
    });
  });
}
