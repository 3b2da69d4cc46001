/** Constants of the GGUF format, version 3 (the specification is docs/gguf.md of ggml). */

/** "GGUF", read as a little-endian number. */
export const MAGIC = 0x46554747;
export const VERSION = 3;
/** Default of `general.alignment`: tensors begin at multiples of it. */
export const DEFAULT_ALIGNMENT = 32;

/** Numbers of the value types of metadata. */
export const VALUE_TYPES = {
  u8: 0,
  i8: 1,
  u16: 2,
  i16: 3,
  u32: 4,
  i32: 5,
  f32: 6,
  bool: 7,
  string: 8,
  array: 9,
  u64: 10,
  i64: 11,
  f64: 12,
} as const;

export type ValueType = keyof typeof VALUE_TYPES;
export type ScalarType = Exclude<ValueType, 'array'>;
export type Scalar = number | bigint | boolean | string;

/** A value of the metadata. 64-bit integers are bigint. */
export type GgufValue =
  | { readonly type: ScalarType; readonly value: Scalar }
  | { readonly type: 'array'; readonly of: ScalarType; readonly value: readonly Scalar[] };

export type GgufMetadata = ReadonlyMap<string, GgufValue>;

/** Tensor types that can be read and written: their number, and how many elements share how many bytes. */
export const TENSOR_TYPES = {
  F32: { id: 0, block: 1, bytes: 4 },
  F16: { id: 1, block: 1, bytes: 2 },
  Q4_0: { id: 2, block: 32, bytes: 18 },
  Q8_0: { id: 8, block: 32, bytes: 34 },
  TQ1_0: { id: 34, block: 256, bytes: 54 },
  TQ2_0: { id: 35, block: 256, bytes: 66 },
} as const;

export type GgufTensorType = keyof typeof TENSOR_TYPES;

/** A tensor of a file, without its values. */
export interface GgufTensorInfo {
  readonly type: GgufTensorType;
  /** In the order of Hugging Face: the last dimension is contiguous. Files have it reversed. */
  readonly shape: readonly number[];
  /** From the beginning of the data. */
  readonly offsetBytes: number;
  readonly sizeBytes: number;
}

/** Bytes of a tensor; rows are whole blocks. */
export function tensorBytes(type: GgufTensorType, shape: readonly number[]): number {
  const { block, bytes } = TENSOR_TYPES[type];
  return (shape.reduce((a, b) => a * b, 1) / block) * bytes;
}

/** The next multiple of the alignment. */
export function aligned(position: number, alignment: number): number {
  return Math.ceil(position / alignment) * alignment;
}
