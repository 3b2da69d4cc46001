import { ForgeError } from '@agent-forge/contracts';
import { elementsOf, type Codec } from '../codec.js';
import { decodeRans, encodeRans, frequenciesOf, STATE_BYTES, TOTAL } from './rans.js';

const SCALE_BYTES = 4;
/** Two frequencies of 16 bits; the third is what is left. */
const FREQUENCY_BYTES = 4;
/** Whether there is one scale for each row. */
const FLAG_BYTES = 1;
export const HEAD_BYTES = FLAG_BYTES + FREQUENCY_BYTES;

/**
 * Ternary weights in as many bits as their entropy: with a third of zeros 1.585 for a weight, and fewer the more zeros there are, where five codes in a byte
 * always take 1.6 and TQ1_0 with its scales 1.6875. Scales are float32, one for the tensor or for each row, so that nothing is lost.
 */
export const entropyCodedTernary: Codec = {
  name: 'rans',
  sizeBytes: () => null,
  encode({ shape, data }) {
    const rows = shape.length < 2 ? 1 : shape[0]!;
    const { codes, scales } = codesOf(data, rows);
    const counts = [0, 0, 0];
    for (const code of codes) counts[code]! += 1;
    const frequencies = frequenciesOf(counts);
    const stream = encodeRans(codes, frequencies);
    const bytes = new Uint8Array(HEAD_BYTES + SCALE_BYTES * scales.length + stream.length);
    const head = new DataView(bytes.buffer);
    head.setUint8(0, scales.length > 1 ? 1 : 0);
    head.setUint16(FLAG_BYTES, frequencies[0]!, true);
    head.setUint16(FLAG_BYTES + 2, frequencies[1]!, true);
    scales.forEach((scale, i) => head.setFloat32(HEAD_BYTES + SCALE_BYTES * i, scale, true));
    bytes.set(stream, HEAD_BYTES + SCALE_BYTES * scales.length);
    return bytes;
  },
  decode(bytes, shape) {
    if (bytes.length < HEAD_BYTES + SCALE_BYTES + STATE_BYTES) throw damaged();
    const head = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
    const rows = head.getUint8(0) === 1 ? shape[0]! : 1;
    const [low, middle] = [head.getUint16(FLAG_BYTES, true), head.getUint16(FLAG_BYTES + 2, true)];
    const streamAt = HEAD_BYTES + SCALE_BYTES * rows;
    if (low + middle > TOTAL || bytes.length < streamAt + STATE_BYTES) throw damaged();
    const codes = new Uint8Array(elementsOf(shape));
    if (!decodeRans(bytes.subarray(streamAt), [low, middle, TOTAL - low - middle], codes)) throw damaged();
    const values = new Float32Array(codes.length);
    const size = codes.length / rows;
    for (let row = 0; row < rows; row++) {
      const scale = head.getFloat32(HEAD_BYTES + SCALE_BYTES * row, true);
      for (let i = row * size; i < (row + 1) * size; i++) values[i] = (codes[i]! - 1) * scale;
    }
    return values;
  },
};

function damaged(): ForgeError {
  return new ForgeError('UNSUPPORTED_FORMAT', 'these bytes are no entropy-coded ternary tensor of this shape');
}

/** Codes plus one; the scale is one for all where it can be. @throws ForgeError INVALID_ARGUMENT */
function codesOf(data: Float32Array, rows: number): { codes: Uint8Array; scales: number[] } {
  const whole = magnitudeOf(data);
  const size = data.length / rows;
  const scales =
    whole === null
      ? Array.from({ length: rows }, (_, row) => magnitudeOf(data.subarray(row * size, (row + 1) * size)))
      : [whole];
  if (scales.includes(null))
    throw new ForgeError(
      'INVALID_ARGUMENT',
      'rans holds ternary weights with one scale for the tensor or for each row',
    );
  return { codes: Uint8Array.from(data, (x) => 1 + Math.sign(x)), scales: scales as number[] };
}

/** The one size that values have beside 0; null where there are several. */
function magnitudeOf(values: Float32Array): number | null {
  let size = 0;
  for (let i = 0; i < values.length; i++) {
    const magnitude = Math.abs(values[i]!);
    if (magnitude === 0 || magnitude === size) continue;
    if (size !== 0) return null;
    size = magnitude;
  }
  return size;
}
