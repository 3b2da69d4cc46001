import { ForgeError } from '@agent-forge/contracts';

/** Element types of the IR. Floating-point maths of one graph runs in one of `float32` and `float64`. */
export type DType = 'float32' | 'float64' | 'float16' | 'int64' | 'int32' | 'int8' | 'uint8' | 'bool';
/** The float type in which a graph computes. */
export type FloatType = 'float32' | 'float64';

export type TensorData =
  Float32Array | Float64Array | Uint16Array | BigInt64Array | Int32Array | Int8Array | Uint8Array;

interface DTypeInfo {
  /** `TensorProto.DataType` of the ONNX specification. */
  readonly onnx: number;
  readonly bytes: number;
}

export const DTYPES: Readonly<Record<DType, DTypeInfo>> = {
  float32: { onnx: 1, bytes: 4 },
  uint8: { onnx: 2, bytes: 1 },
  int8: { onnx: 3, bytes: 1 },
  int32: { onnx: 6, bytes: 4 },
  int64: { onnx: 7, bytes: 8 },
  bool: { onnx: 9, bytes: 1 },
  float16: { onnx: 10, bytes: 2 },
  float64: { onnx: 11, bytes: 8 },
};

/** True for the types in which gradients exist. */
export function isFloat(dtype: DType): dtype is FloatType {
  return dtype === 'float32' || dtype === 'float64';
}

/** A zero-filled typed array of `length` elements of `dtype`. */
export function allocate(dtype: DType, length: number): TensorData {
  switch (dtype) {
    case 'float32':
      return new Float32Array(length);
    case 'float64':
      return new Float64Array(length);
    case 'float16':
      return new Uint16Array(length);
    case 'int64':
      return new BigInt64Array(length);
    case 'int32':
      return new Int32Array(length);
    case 'int8':
      return new Int8Array(length);
    case 'uint8':
    case 'bool':
      return new Uint8Array(length);
  }
}

/** Copies numbers into the typed array of `dtype`; `float16` is not made from numbers here. */
export function fromNumbers(dtype: DType, values: ArrayLike<number>): TensorData {
  if (dtype === 'float16') throw new ForgeError('GRAPH_INVALID', 'float16 data cannot be made from numbers');
  const out = allocate(dtype, values.length);
  if (out instanceof BigInt64Array) for (let i = 0; i < values.length; i++) out[i] = BigInt(values[i]!);
  else out.set(values as ArrayLike<number>);
  return out;
}
