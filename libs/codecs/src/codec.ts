import { ForgeError } from '@agent-forge/contracts';
import type { WeightTensor } from '@agent-forge/model';

/** What an encoder may know beside the values. */
export interface EncodeContext {
  /** What {@link Codec.share} made. */
  readonly shared?: Uint8Array;
  /** Second moments E[x xᵀ] of what the matrix is multiplied with, [in, in] in C order: which errors matter. */
  readonly moments?: Float64Array;
}

/** A tensor with its second moments, for what all tensors of a part share. */
export interface Sample {
  readonly tensor: WeightTensor;
  readonly moments?: Float64Array;
}

/**
 * A way to store a tensor in fewer bytes. The bytes of an encoder are a function of the values and the context alone: equal ones give equal
 * bytes, on any machine and however the work is cut.
 */
export interface Codec {
  readonly name: string;
  /** Tables that all tensors of a part share, for example codebooks; absent where there are none. */
  share?(samples: readonly Sample[]): Uint8Array;
  /** Size of those tables. */
  readonly sharedBytes?: number;
  /** @throws ForgeError INVALID_ARGUMENT for values that it cannot hold */
  encode(tensor: WeightTensor, context?: EncodeContext): Uint8Array;
  /**
   * The values, those that the encoder itself reckoned with.
   * @throws ForgeError UNSUPPORTED_FORMAT for bytes that no encoder of this shape wrote
   */
  decode(bytes: Uint8Array, shape: readonly number[], shared?: Uint8Array): Float32Array;
  /** Bytes of a tensor of this shape; null where they depend on the values. */
  sizeBytes(shape: readonly number[]): number | null;
}

export function elementsOf(shape: readonly number[]): number {
  return shape.reduce((a, b) => a * b, 1);
}

/** @throws ForgeError UNSUPPORTED_FORMAT */
export function assertSize(codec: Codec, bytes: Uint8Array, shape: readonly number[]): void {
  const expected = codec.sizeBytes(shape);
  if (expected !== null && expected !== bytes.length)
    throw new ForgeError(
      'UNSUPPORTED_FORMAT',
      `${codec.name} stores the shape [${shape.join(', ')}] in ${expected} bytes, and there are ${bytes.length}`,
    );
}
