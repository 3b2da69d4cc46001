import { ForgeError } from '@agent-forge/contracts/core';
import { toBfloat16, toFloat16, type FloatDtype } from '@agent-forge/model/storage';
import { BLOCK_ELEMENTS, forEachBlock } from '../math/blocks.js';
import { anyNotFinite, narrowBfloat16 } from '../math/kernels.js';
import { scratchFloats, withScratch } from '../math/scratch.js';
import type { MergeOutput } from '../output.js';

/** The exponent of all ones, which only what is not finite has. */
const NOT_FINITE = { BF16: 0x7f80, F16: 0x7c00 } as const;

/** Rounds a result to the type in which it is stored while it is written, to nearest and ties to even, and audits it. */
export class StoredOutput implements MergeOutput {
  /**
   * @param name of the tensor, for messages
   * @param bytes as large as the tensor in its type
   * @param takeRoom gives memory for so many values
   */
  constructor(
    private readonly name: string,
    private readonly dtype: FloatDtype,
    readonly length: number,
    private readonly bytes: Uint8Array,
    private readonly takeRoom: (length: number) => Float32Array,
  ) {}

  get room(): Float32Array {
    return this.takeRoom(this.length);
  }

  /** @throws ForgeError `AUDIT_FAILED` naming the first value that is not finite or too large for the type */
  write(start: number, values: Float32Array): void {
    withScratch(() => {
      const rooms = [BLOCK_ELEMENTS, BLOCK_ELEMENTS / 2].map((length) => scratchFloats(length)) as [
        Float32Array,
        Float32Array,
      ];
      forEachBlock(0, values.length, (at, length) =>
        this.writeBlock(start + at, values.subarray(at, at + length), ...rooms),
      );
    });
  }

  private writeBlock(start: number, values: Float32Array, room: Float32Array, half: Float32Array): void {
    let block = values;
    if (values.buffer !== room.buffer) {
      block = room.subarray(0, values.length);
      block.set(values);
    }
    const halves = new Uint16Array(half.buffer, half.byteOffset, block.length);
    const bad = this.dtype === 'BF16' ? narrowBfloat16(block, halves) : anyNotFinite(block);
    if (this.dtype === 'F16') toFloat16(block, halves);
    if (bad || (this.dtype === 'F16' && halves.some((bits) => isNotFinite(bits, 'F16')))) this.refuse(start, block);
    const stored = this.dtype === 'F32' ? block : halves;
    const bytes = new Uint8Array(stored.buffer, stored.byteOffset, stored.byteLength);
    this.bytes.set(bytes, start * stored.BYTES_PER_ELEMENT);
  }

  private refuse(start: number, values: Float32Array): never {
    const { name, dtype } = this;
    const halves = new Uint16Array(values.length);
    if (dtype === 'BF16') toBfloat16(values, halves);
    else if (dtype === 'F16') toFloat16(values, halves);
    const i = values.findIndex(
      (value, at) => !Number.isFinite(value) || (dtype !== 'F32' && isNotFinite(halves[at]!, dtype)),
    );
    const where = `at index ${start + i}`;
    throw new ForgeError(
      'AUDIT_FAILED',
      Number.isFinite(values[i])
        ? `tensor ${name}: value ${values[i]} ${where} is too large for ${dtype}`
        : `tensor ${name} is ${values[i]} ${where}`,
    );
  }
}

const isNotFinite = (bits: number, dtype: 'BF16' | 'F16'): boolean => (bits & NOT_FINITE[dtype]) === NOT_FINITE[dtype];
