import { type OpDefinition, type Value, apply, mismatch } from '../ir/graph.js';
import { numel, sameShape, show } from '../ir/shape.js';

/** How the weight of {@link matmulNBits} is stored. */
export interface NBitsFormat {
  /** Bits of a code. */
  readonly bits: 2 | 4 | 8;
  /** Codes of a row that share a scale: a power of two from 16 on. */
  readonly blockSize: number;
  /** Width of the input. */
  readonly inputs: number;
}

/**
 * Activations become 8-bit integers, block by block, before they are multiplied: onnxruntime's fast path. Its level 0
 * computes in float32, for 2 bits hundreds of times slower.
 */
const INT8_ACTIVATIONS = 4;

const MatMulNBits: OpDefinition<NBitsFormat> = {
  name: 'matmulNBits',
  infer([x, codes, scales], { bits, blockSize, inputs }) {
    const outputs = codes!.shape[0]!;
    const blocks = Math.ceil(inputs / blockSize);
    if (x!.dtype !== 'float32' || scales!.dtype !== 'float32' || codes!.dtype !== 'uint8')
      mismatch('needs float32, uint8 codes and float32 scales');
    if (x!.shape.at(-1) !== inputs) mismatch(`input ${show(x!.shape)} is not ${inputs} wide`);
    if (!sameShape(codes!.shape, [outputs, blocks, (blockSize * bits) / 8]))
      mismatch(`codes ${show(codes!.shape)} do not fit ${blocks} blocks of ${blockSize} codes of ${bits} bits`);
    if (numel(scales!.shape) !== Number(outputs) * blocks) mismatch(`scales ${show(scales!.shape)} do not fit`);
    return [{ dtype: 'float32', shape: [...x!.shape.slice(0, -1), outputs] }];
  },
  lower(emit, node) {
    const { bits, blockSize, inputs } = node.attributes;
    const attributes = {
      K: { i: inputs },
      N: { i: node.inputs[1]!.dim(0) },
      bits: { i: bits },
      block_size: { i: blockSize },
      accuracy_level: { i: INT8_ACTIVATIONS },
    };
    emit.one(node as never, 'MatMulNBits', attributes, 'com.microsoft');
  },
};

/**
 * x [..., in] times the transpose of a weight [out, in] of few bits (onnxruntime's MatMulNBits): element k of a row is
 * (code − 2^(bits−1)) · scale of its block. For inference, without a gradient.
 * @param codes uint8 [out, blocks, blockSize · bits / 8], the first code in the lowest bits
 * @param scales float32, out · blocks of them
 */
export function matmulNBits(x: Value, codes: Value, scales: Value, format: NBitsFormat): Value {
  return apply(MatMulNBits, [x, codes, scales], format)[0]!;
}
