import { ForgeError } from '@agent-forge/contracts/core';
import { assertAudit, auditValues, toFloat16 } from '@agent-forge/model/storage';
import { BLOCK_ELEMENTS, forEachBlock } from '../math/blocks.js';
import { anyNotFinite, narrowBfloat16 } from '../math/kernels.js';
import { scratchFloats, withScratch } from '../math/scratch.js';
import type { PlannedTensor } from '../plan/plan.js';

/** Bits of infinity in binary16. */
const FLOAT16_INFINITY = 0x7c00;

/**
 * Rounds a result to the type in which it is stored, to nearest and ties to even.
 * @param out as large as the tensor in its type
 * @throws ForgeError `AUDIT_FAILED` naming the first value that is not finite or too large for the type; zeros are allowed
 */
export function encode({ name, shape, dtype }: PlannedTensor, values: Float32Array, out: Uint8Array): void {
  withScratch(() => {
    const room = scratchFloats(BLOCK_ELEMENTS);
    const half = scratchFloats(BLOCK_ELEMENTS / 2);
    forEachBlock(0, values.length, (start, length) => {
      const block = room.subarray(0, length);
      block.set(values.subarray(start, start + length));
      const halves = new Uint16Array(half.buffer, half.byteOffset, length);
      const bad = dtype === 'BF16' ? narrowBfloat16(block, halves) : anyNotFinite(block);
      if (dtype === 'F16') toFloat16(block, halves);
      if (bad || (dtype === 'F16' && halves.some((bits) => (bits & 0x7fff) >= FLOAT16_INFINITY))) refuse();
      const stored = dtype === 'F32' ? block : halves;
      out.set(new Uint8Array(stored.buffer, stored.byteOffset, stored.byteLength), start * stored.BYTES_PER_ELEMENT);
    });
  });

  function refuse(): never {
    assertAudit(auditValues(name, { shape, data: values }).filter(({ kind }) => kind !== 'all-zero'));
    const largest = values.reduce((max, value) => Math.max(max, Math.abs(value)), 0);
    throw new ForgeError('AUDIT_FAILED', `tensor ${name}: a value of ±${largest} is too large for ${dtype}`);
  }
}
