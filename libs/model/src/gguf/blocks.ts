import { float16Bits, fromFloat16, toFloat16 } from '../safetensors/half.js';
import { type GgufTensorType, TENSOR_TYPES, tensorBytes } from './format.js';
import { TQ1_BYTES, TQ2_BYTES, decodeTq1, decodeTq2, encodeTq1, encodeTq2 } from './ternary-blocks.js';

const bits = new Int32Array(1);
const single = new Float32Array(bits.buffer);

/** Half precision of a number, as its bits. */
function half(x: number): number {
  single[0] = x;
  return float16Bits(bits[0]!);
}

/** Largest magnitude, with its sign. */
function extreme(values: Float32Array): number {
  let most = 0;
  for (let i = 0; i < values.length; i++) if (Math.abs(values[i]!) > Math.abs(most)) most = values[i]!;
  return most;
}

/** Halves away from zero, as C's `lroundf`. */
function roundAway(x: number): number {
  return Math.sign(x) * Math.floor(Math.abs(x) + 0.5);
}

/** The reciprocal that ggml multiplies with, in its precision. */
function inverse(scale: number): number {
  return scale === 0 ? 0 : Math.fround(1 / Math.fround(scale));
}

const codes = new Int8Array(TENSOR_TYPES.TQ1_0.block);

/** Encoders of one block, as ggml's reference functions round. */
const ENCODERS: Partial<Record<GgufTensorType, (values: Float32Array, out: Uint8Array) => void>> = {
  Q8_0(values, out) {
    const scale = Math.fround(Math.abs(extreme(values)) / 127);
    const id = inverse(scale);
    const bits = half(scale);
    out[0] = bits & 255;
    out[1] = bits >> 8;
    values.forEach((x, i) => (out[2 + i] = roundAway(Math.fround(x * id))));
  },
  Q4_0(values, out) {
    const scale = Math.fround(extreme(values) / -8);
    const id = inverse(scale);
    const bits = half(scale);
    out[0] = bits & 255;
    out[1] = bits >> 8;
    const code = (x: number): number => Math.min(15, Math.trunc(Math.fround(Math.fround(x * id) + 8.5)));
    for (let i = 0; i < 16; i++) out[2 + i] = code(values[i]!) | (code(values[16 + i]!) << 4);
  },
  TQ1_0: (values, out) => encodeTq1(ternaryCodes(values), half(Math.abs(extreme(values))), out),
  TQ2_0: (values, out) => encodeTq2(ternaryCodes(values), half(Math.abs(extreme(values))), out),
};

function ternaryCodes(values: Float32Array): Int8Array {
  const id = inverse(Math.abs(extreme(values)));
  values.forEach((x, i) => (codes[i] = roundAway(Math.fround(x * id))));
  return codes;
}

/** The stored bytes of values whose rows are whole blocks of the type. */
export function encodeValues(type: GgufTensorType, values: Float32Array): Uint8Array {
  if (type === 'F32') return new Uint8Array(values.buffer, values.byteOffset, values.byteLength);
  if (type === 'F16') {
    const halves = new Uint16Array(values.length);
    toFloat16(values, halves);
    return new Uint8Array(halves.buffer);
  }
  const { block, bytes } = TENSOR_TYPES[type];
  const out = new Uint8Array(tensorBytes(type, [values.length]));
  const encode = ENCODERS[type]!;
  for (let i = 0, at = 0; i < values.length; i += block, at += bytes)
    encode(values.subarray(i, i + block), out.subarray(at, at + bytes));
  return out;
}

const scaleBits = new Uint16Array(1);
const scaleValue = new Float32Array(1);

function scaleAt(bytes: Uint8Array, at: number): number {
  scaleBits[0] = bytes[at]! | (bytes[at + 1]! << 8);
  fromFloat16(scaleBits, scaleValue);
  return scaleValue[0]!;
}

/** Decoders of one block; false where it holds a code that there is none for. */
const DECODERS: Partial<Record<GgufTensorType, (block: Uint8Array, out: Float32Array) => boolean>> = {
  Q8_0(block, out) {
    const scale = scaleAt(block, 0);
    for (let i = 0; i < 32; i++) out[i] = ((block[2 + i]! << 24) >> 24) * scale;
    return true;
  },
  Q4_0(block, out) {
    const scale = scaleAt(block, 0);
    for (let i = 0; i < 16; i++) {
      out[i] = ((block[2 + i]! & 15) - 8) * scale;
      out[16 + i] = ((block[2 + i]! >> 4) - 8) * scale;
    }
    return true;
  },
  TQ1_0(block, out) {
    decodeTq1(block, codes);
    const scale = scaleAt(block, TQ1_BYTES - 2);
    for (let i = 0; i < out.length; i++) out[i] = codes[i]! * scale;
    return true;
  },
  TQ2_0(block, out) {
    if (!decodeTq2(block, codes)) return false;
    const scale = scaleAt(block, TQ2_BYTES - 2);
    for (let i = 0; i < out.length; i++) out[i] = codes[i]! * scale;
    return true;
  },
};

/** Values of stored bytes; null where a block holds a code that there is none for. */
export function decodeValues(type: GgufTensorType, stored: Uint8Array): Float32Array | null {
  const { block, bytes } = TENSOR_TYPES[type];
  const out = new Float32Array((stored.length / bytes) * block);
  if (type === 'F32') new Uint8Array(out.buffer).set(stored);
  else if (type === 'F16') {
    // The bytes may begin at an odd place of their buffer.
    const halves = new Uint16Array(out.length);
    new Uint8Array(halves.buffer).set(stored);
    fromFloat16(halves, out);
  } else {
    const decode = DECODERS[type]!;
    for (let i = 0, at = 0; at < stored.length; i += block, at += bytes)
      if (!decode(stored.subarray(at, at + bytes), out.subarray(i, i + block))) return null;
  }
  return out;
}
