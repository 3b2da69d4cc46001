import type { NBitsFormat } from '@agent-forge/tensor';
import type { TernaryTensor } from '../ternary/quantise-weights.js';
import type { WeightTensor } from '../weights.js';

/** A weight as onnxruntime's MatMulNBits takes it. */
export interface NBitsTensor {
  readonly format: NBitsFormat;
  /** [out, blocks, blockSize · bits / 8] */
  readonly shape: readonly [number, number, number];
  readonly codes: Uint8Array;
  /** One for each block, or one for so many blocks of the same scale that the weight has as many groups of them: [groups]. */
  readonly scales: Float32Array;
}

/** The block that onnxruntime's 2-bit product is fast for. */
const TERNARY_BLOCK = 128;
/** The block of the common 4-bit exports. */
const INT4_BLOCK = 32;
/** Codes are stored plus half their range, so that no zero point is needed. */
const TERNARY_ZERO = 2;
const INT4_ZERO = 8;

/** Ternary codes in two bits each, without loss. */
export function packTernary({ shape: [rows, columns], codes, scales }: TernaryTensor): NBitsTensor {
  const packed = { ...empty(rows, columns, 2, TERNARY_BLOCK), scales };
  const [, blocks, blockBytes] = packed.shape;
  // What a row has too few for its last block is zero.
  packed.codes.fill(0b10101010);
  for (let row = 0; row < rows; row++) {
    for (let i = 0; i < columns; i++) {
      const byte = row * blocks * blockBytes + (i >> 2);
      const shift = 2 * (i & 3);
      packed.codes[byte] =
        (packed.codes[byte]! & ~(3 << shift)) | ((codes[row * columns + i]! + TERNARY_ZERO) << shift);
    }
  }
  return packed;
}

/**
 * Rounds a weight to 4 bits in blocks of 32. The value of largest magnitude becomes −8, which uses the whole range (as ggml's
 * Q4_0), or ±7, which holds blocks of opposite values, ternary ones above all: whichever is closer.
 */
export function packInt4({ shape, data }: WeightTensor): NBitsTensor {
  const [rows, columns] = shape as [number, number];
  const packed = empty(rows, columns, 4, INT4_BLOCK);
  const [, blocks, blockBytes] = packed.shape;
  packed.codes.fill(INT4_ZERO * 0x11);
  for (let row = 0; row < rows; row++) {
    for (let block = 0; block < blocks; block++) {
      const values = data.subarray(
        row * columns + block * INT4_BLOCK,
        row * columns + Math.min(columns, (block + 1) * INT4_BLOCK),
      );
      const largest = signedLargest(values);
      const scale = closest(values, [Math.fround(largest / -8), Math.fround(largest / 7)]);
      const at = row * blocks + block;
      packed.scales[at] = scale;
      encodeInt4(values, scale, packed.codes.subarray(at * blockBytes, (at + 1) * blockBytes));
    }
  }
  return packed;
}

/** The scale with the smaller squared error, the first of equals. */
function closest(values: Float32Array, scales: readonly [number, number]): number {
  const error = (scale: number): number => {
    let sum = 0;
    for (const value of values) sum += (level(value, scale) * scale - value) ** 2;
    return sum;
  };
  return error(scales[1]) < error(scales[0]) ? scales[1] : scales[0];
}

/** The nearest of −8 … 7 steps. */
function level(value: number, scale: number): number {
  return scale === 0 ? 0 : Math.max(-8, Math.min(7, Math.round(value / scale)));
}

function encodeInt4(values: Float32Array, scale: number, bytes: Uint8Array): void {
  values.forEach((value, i) => {
    const code = level(value, scale) + INT4_ZERO;
    const shift = 4 * (i & 1);
    bytes[i >> 1] = (bytes[i >> 1]! & ~(15 << shift)) | (code << shift);
  });
}

function signedLargest(values: Float32Array): number {
  let largest = 0;
  for (const value of values) if (Math.abs(value) > Math.abs(largest)) largest = value;
  return largest;
}

function empty(rows: number, columns: number, bits: 2 | 4, blockSize: number): NBitsTensor {
  const blocks = Math.ceil(columns / blockSize);
  const blockBytes = (blockSize * bits) / 8;
  return {
    format: { bits, blockSize, inputs: columns },
    shape: [rows, blocks, blockBytes],
    codes: new Uint8Array(rows * blocks * blockBytes),
    scales: new Float32Array(rows * blocks),
  };
}

/** Codes of weights of equal width, one below the other. */
export function stackCodes(parts: readonly NBitsTensor[]): Pick<NBitsTensor, 'shape' | 'codes'> {
  const [, blocks, blockBytes] = parts[0]!.shape;
  const rows = parts.reduce((n, part) => n + part.shape[0], 0);
  const codes = new Uint8Array(rows * blocks * blockBytes);
  let at = 0;
  for (const part of parts) {
    codes.set(part.codes, at);
    at += part.codes.length;
  }
  return { shape: [rows, blocks, blockBytes], codes };
}
