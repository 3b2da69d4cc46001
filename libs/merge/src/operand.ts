import { ForgeError } from '@agent-forge/contracts/core';
import type { WeightTensor } from '@agent-forge/model';
import { toBfloat16, toFloat16, type FloatDtype, type TypedTensor } from '@agent-forge/model/storage';
import { halfOf, widen } from './math/kernels.js';

/** One tensor of one model as a merge method sees it: float32 values in C order, which are read a stretch at a time. */
export interface Operand {
  readonly length: number;
  /** Fills `target` with the values from `start` on. */
  read(start: number, target: Float32Array): void;
}

/** A tensor in memory. It is widened while it is read, so that half floats take half the memory. */
export class StoredOperand implements Operand {
  readonly length: number;

  /**
   * @param bits float32 values, or the 16 bits of each half float
   * @param stored what `bits` are
   * @param cast the values are rounded to this type first (`dtype` of a recipe); null leaves them as they are
   */
  constructor(
    private readonly bits: Float32Array | Uint16Array,
    private readonly stored: FloatDtype,
    private readonly cast: FloatDtype | null = null,
  ) {
    this.length = bits.length;
  }

  /**
   * A tensor that was read with its stored bits.
   * @throws ForgeError `UNSUPPORTED_FORMAT` when it holds no floating-point weights
   */
  static of({ dtype, data }: TypedTensor, cast: FloatDtype | null = null): StoredOperand {
    if ((dtype === 'BF16' || dtype === 'F16') && data instanceof Uint16Array)
      return new StoredOperand(data, dtype, cast);
    if (dtype === 'F32' && data instanceof Float32Array) return new StoredOperand(data, dtype, cast);
    throw new ForgeError('UNSUPPORTED_FORMAT', `weights of type ${dtype} cannot be merged; F32, F16 and BF16 can`);
  }

  /** A tensor of float32. */
  static from({ data }: WeightTensor, cast: FloatDtype | null = null): StoredOperand {
    return new StoredOperand(data, 'F32', cast);
  }

  read(start: number, target: Float32Array): void {
    const values = this.bits.subarray(start, start + target.length);
    if (this.stored === 'F32') target.set(values);
    else halfOf(target).set(values);
    widenAs(target, this.stored, this.cast);
  }
}

/**
 * Makes float32 values of what was put into their memory: float32, or half floats in {@link halfOf} it.
 * @param cast rounded to this type
 */
export function widenAs(target: Float32Array, stored: FloatDtype, cast: FloatDtype | null): void {
  if (stored !== 'F32') widen(target, stored);
  if (cast === null || cast === 'F32' || cast === stored) return;
  const rounded = new Uint16Array(target.length);
  if (cast === 'BF16') toBfloat16(target, rounded);
  else toFloat16(target, rounded);
  halfOf(target).set(rounded);
  widen(target, cast);
}
