import { ForgeError } from '@agent-forge/contracts';
import {
  fromBfloat16,
  fromFloat16,
  toBfloat16,
  toFloat16,
  type FloatDtype,
  type TypedTensor,
  type WeightTensor,
} from '@agent-forge/model';

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

  /** The first `length` values alone. */
  first(length: number): StoredOperand {
    return length === this.length ? this : new StoredOperand(this.bits.subarray(0, length), this.stored, this.cast);
  }

  read(start: number, target: Float32Array): void {
    const { bits, cast } = this;
    if (bits instanceof Float32Array) target.set(bits.subarray(start, start + target.length));
    else widen(bits.subarray(start, start + target.length), this.stored, target);
    if (cast !== null && cast !== 'F32' && cast !== this.stored) {
      const rounded = new Uint16Array(target.length);
      if (cast === 'BF16') toBfloat16(target, rounded);
      else toFloat16(target, rounded);
      widen(rounded, cast, target);
    }
  }
}

function widen(bits: Uint16Array, dtype: FloatDtype, target: Float32Array): void {
  if (dtype === 'BF16') fromBfloat16(bits, target);
  else fromFloat16(bits, target);
}
