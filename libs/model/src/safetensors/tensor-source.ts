import type { WeightTensor } from '../weights.js';
import type { Dtype, TensorArray } from './dtype.js';

/** A stored tensor, without its values. */
export interface StoredTensor {
  readonly dtype: Dtype;
  readonly shape: readonly number[];
  /** Size in the file. */
  readonly sizeBytes: number;
}

/** Values in their own type; half floats come as float32. */
export interface TypedTensor {
  readonly dtype: Dtype;
  readonly shape: readonly number[];
  readonly data: TensorArray;
}

/** Stored bytes of a tensor, for threads that have nothing else to do than to wait for them. */
export interface OpenTensor extends StoredTensor {
  /**
   * Fills `target` with the bytes from a position on.
   * @throws ForgeError `SAFETENSORS_INVALID` when the file ends there, `STORE_UNAVAILABLE`
   */
  read(startBytes: number, target: Uint8Array): void;
  close(): void;
}

/** Named tensors that are read one at a time, on demand; nothing is held between reads, neither memory nor a file. */
export interface TensorSource {
  /** Where it comes from, for messages. */
  readonly path: string;
  readonly tensors: ReadonlyMap<string, StoredTensor>;
  readonly metadata: ReadonlyMap<string, string>;
  /**
   * A tensor of F32, F16 or BF16 as float32.
   * @throws ForgeError `NOT_FOUND` for a name that is not there, `UNSUPPORTED_FORMAT` for other types,
   *   `SAFETENSORS_INVALID` when the file changed since it was opened, `PAYLOAD_TOO_LARGE` when memory does not hold it
   */
  read(name: string): Promise<WeightTensor>;
  /** As {@link read}, for every type that JavaScript has an array for. */
  readTyped(name: string): Promise<TypedTensor>;
  /** As {@link readTyped}, but half floats stay the 16 bits that are stored, which takes half the memory. */
  readStored(name: string): Promise<TypedTensor>;
  /**
   * Opens one tensor to be read a stretch at a time; it must be closed.
   * @throws ForgeError `NOT_FOUND`, `SAFETENSORS_INVALID` when the file changed since it was opened
   */
  openTensor(name: string): Promise<OpenTensor>;
}

/** Where the memory of tensors comes from. */
export interface OpenOptions {
  /** Every buffer for what a file says of itself is asked for here, after it was checked. Default: a new ArrayBuffer. */
  readonly allocate?: (sizeBytes: number) => ArrayBuffer;
}
