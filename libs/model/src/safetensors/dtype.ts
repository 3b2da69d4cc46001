/** Element types of the safetensors format and their size in bits (its `Dtype`, version 0.8). */
export const DTYPE_BITS = {
  BOOL: 8,
  F4: 4,
  F6_E2M3: 6,
  F6_E3M2: 6,
  U8: 8,
  I8: 8,
  F8_E5M2: 8,
  F8_E4M3: 8,
  F8_E8M0: 8,
  F8_E4M3FNUZ: 8,
  F8_E5M2FNUZ: 8,
  I16: 16,
  U16: 16,
  F16: 16,
  BF16: 16,
  I32: 32,
  U32: 32,
  F32: 32,
  C64: 64,
  F64: 64,
  I64: 64,
  U64: 64,
} as const;

/** An element type of the format. */
export type Dtype = keyof typeof DTYPE_BITS;

/** Element types that weights are stored in. */
export type FloatDtype = 'F32' | 'BF16' | 'F16';

export function isDtype(name: unknown): name is Dtype {
  return typeof name === 'string' && Object.hasOwn(DTYPE_BITS, name);
}

/** Types that JavaScript has an array for; half floats are widened and are not among them. */
export const ARRAY_OF_DTYPE = {
  BOOL: Uint8Array,
  U8: Uint8Array,
  I8: Int8Array,
  U16: Uint16Array,
  I16: Int16Array,
  U32: Uint32Array,
  I32: Int32Array,
  U64: BigUint64Array,
  I64: BigInt64Array,
  F32: Float32Array,
  F64: Float64Array,
} as const;

/** An element type with an array of its own. */
export type ArrayDtype = keyof typeof ARRAY_OF_DTYPE;

/** Values of any type that can be read. */
export type TensorArray =
  | Uint8Array
  | Int8Array
  | Uint16Array
  | Int16Array
  | Uint32Array
  | Int32Array
  | BigUint64Array
  | BigInt64Array
  | Float32Array
  | Float64Array;

export function hasArray(dtype: Dtype): dtype is ArrayDtype {
  return Object.hasOwn(ARRAY_OF_DTYPE, dtype);
}
