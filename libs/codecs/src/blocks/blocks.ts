import { ForgeError } from '@agent-forge/contracts';
import { decodeValues, encodeValues, tensorBytes, TENSOR_TYPES, type GgufTensorType } from '@agent-forge/model';
import { assertSize, elementsOf, type Codec } from '../codec.js';

/** Types whose codes are −1, 0 and 1. */
const TERNARY: readonly GgufTensorType[] = ['TQ1_0', 'TQ2_0'];

/**
 * One of ggml's types, the very bytes: consecutive weights share a scale in half precision, or nothing is shared (`F32`, `F16`). `Q8_0` and `Q4_0` round to the
 * nearest of 255 and 16 values. Other than in a GGUF file a block may cross the border of two rows; the last one is filled up with zeros.
 */
export function blocks(name: string, type: GgufTensorType): Codec {
  const { block } = TENSOR_TYPES[type];
  const padded = (shape: readonly number[]) => Math.ceil(elementsOf(shape) / block) * block;
  const codec: Codec = {
    name,
    sizeBytes: (shape) => tensorBytes(type, [padded(shape)]),
    encode({ shape, data }) {
      const values = new Float32Array(padded(shape));
      values.set(data);
      if (TERNARY.includes(type)) assertTernary(name, values, block);
      return encodeValues(type, values);
    },
    decode(bytes, shape) {
      assertSize(codec, bytes, shape);
      const values = decodeValues(type, bytes);
      if (values === null)
        throw new ForgeError('UNSUPPORTED_FORMAT', `these bytes are no ${name}: a code has no meaning`);
      return values.subarray(0, elementsOf(shape));
    },
  };
  return codec;
}

/** @throws ForgeError INVALID_ARGUMENT where a block has values of more than one size beside 0: they would be lost */
function assertTernary(name: string, values: Float32Array, block: number): void {
  for (let first = 0; first < values.length; first += block) {
    let size = 0;
    for (let i = first; i < first + block; i++) {
      const magnitude = Math.abs(values[i]!);
      if (magnitude === 0) continue;
      if (size !== 0 && magnitude !== size)
        throw new ForgeError(
          'INVALID_ARGUMENT',
          `${name} holds ternary weights whose scales do not change within ${block} of them`,
        );
      size = magnitude;
    }
  }
}
