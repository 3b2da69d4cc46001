import { fromFloat16, roundToHalf, toFloat16 } from '@agent-forge/model';

export const HALF_BYTES = 2;
const MAX_HALF = 65_504;

/** Root mean square of values as a number of half precision, which a tensor is divided by. */
export function scaleOf(values: Float32Array): number {
  let sum = 0;
  for (let i = 0; i < values.length; i++) sum += values[i]! ** 2;
  return roundToHalf(Math.min(MAX_HALF, Math.sqrt(sum / Math.max(1, values.length))));
}

/** Numbers as half floats, low byte first. */
export function halvesOf(values: ArrayLike<number>): Uint8Array {
  const halves = new Uint16Array(values.length);
  toFloat16(Float32Array.from(values), halves);
  return new Uint8Array(halves.buffer);
}

/** What {@link halvesOf} wrote; the bytes may begin at an odd place. */
export function readHalves(bytes: Uint8Array, count: number, at = 0): Float32Array {
  const halves = new Uint16Array(count);
  new Uint8Array(halves.buffer).set(bytes.subarray(at, at + HALF_BYTES * count));
  const values = new Float32Array(count);
  fromFloat16(halves, values);
  return values;
}
