import { bitsOf } from './kernels.js';

/** Bits that each pass looks at, from the top: 11, 11 and 10. The table of counts of a pass fits the first-level cache. */
const PASSES = [
  { shift: 21, bits: 11 },
  { shift: 10, bits: 11 },
  { shift: 0, bits: 10 },
] as const;
/** Keys that are still in question are copied out when they are at most this share of those that were. */
const GATHER_SHARE = 1 / 8;

/** The k largest keys: all above `key`, and the first `ties` of those that equal it. */
export interface Selection {
  readonly key: number;
  readonly ties: number;
}

/**
 * Finds the k-th largest of unsigned 32-bit keys by radix selection: whatever the values, three passes at most, of which all
 * but the first mostly see the few keys that are still in question.
 * @param k from 1 to the number of keys
 */
export function selectLargest(keys: Uint32Array, k: number): Selection {
  let [key, ties, left] = [0, k, keys];
  for (const { shift, bits } of PASSES) {
    const counts = countDigits(left, key, shift, bits);
    let digit = counts.length - 1;
    while (ties > counts[digit]!) ties -= counts[digit--]!;
    key = (key | (digit << shift)) >>> 0;
    if (shift > 0 && counts[digit]! <= left.length * GATHER_SHARE)
      left = gather(left, key >>> shift, shift, counts[digit]!);
  }
  return { key, ties };
}

/** The key that is at `rank` (from 0) when they are sorted upwards. */
export function keyAtRank(keys: Uint32Array, rank: number): number {
  return selectLargest(keys, keys.length - rank).key;
}

/** How many of the keys that begin as `prefix` have each of the next digits. */
function countDigits(keys: Uint32Array, prefix: number, shift: number, bits: number): Uint32Array {
  const counts = new Uint32Array(2 ** bits);
  const mask = counts.length - 1;
  if (shift + bits === 32) {
    countAll(keys, shift, counts);
    return counts;
  }
  const above = shift + bits;
  const wanted = prefix >>> above;
  for (let i = 0; i < keys.length; i++) {
    const key = keys[i]!;
    if (key >>> above === wanted) counts[(key >>> shift) & mask]!++;
  }
  return counts;
}

/** In four tables, so that counting one key need not wait for the one before it, which mostly has the same digit. */
function countAll(keys: Uint32Array, shift: number, counts: Uint32Array): void {
  const size = counts.length;
  const tables = new Uint32Array(4 * size);
  const whole = keys.length - (keys.length % 4);
  for (let i = 0; i < whole; i += 4) {
    tables[keys[i]! >>> shift]!++;
    tables[size + (keys[i + 1]! >>> shift)]!++;
    tables[2 * size + (keys[i + 2]! >>> shift)]!++;
    tables[3 * size + (keys[i + 3]! >>> shift)]!++;
  }
  for (let i = whole; i < keys.length; i++) tables[keys[i]! >>> shift]!++;
  for (let digit = 0; digit < size; digit++)
    counts[digit] = tables[digit]! + tables[size + digit]! + tables[2 * size + digit]! + tables[3 * size + digit]!;
}

/** The keys that begin as `prefix`; written always and counted where they do, since a branch would be guessed wrong too often. */
function gather(keys: Uint32Array, prefix: number, shift: number, count: number): Uint32Array {
  const found = new Uint32Array(count + 1);
  let at = 0;
  for (let i = 0; i < keys.length; i++) {
    const key = keys[i]!;
    found[at] = key;
    at += (((key >>> shift) ^ prefix) - 1) >>> 31;
  }
  return found.subarray(0, count);
}

/** Bits of float32 values without their sign: unsigned integers in the order of the magnitudes, NaN above all. */
export function magnitudeKeys(values: Float32Array): Uint32Array {
  const bits = bitsOf(values);
  const length = bits.length;
  for (let i = 0; i < length; i++) bits[i] = bits[i]! & 0x7fffffff;
  return new Uint32Array(values.buffer, values.byteOffset, length);
}

/** Replaces float32 values by unsigned integers in the same order, in the same memory. */
export function orderedKeys(values: Float32Array): Uint32Array {
  const keys = new Uint32Array(values.buffer, values.byteOffset, values.length);
  for (let i = 0; i < keys.length; i++) {
    const bits = keys[i]!;
    keys[i] = bits & 0x80000000 ? ~bits : bits | 0x80000000;
  }
  return keys;
}

const float = new Float32Array(1);
const word = new Uint32Array(float.buffer);

/** The value that {@link orderedKeys} turned into this key. */
export function valueOfOrderedKey(key: number): number {
  word[0] = key & 0x80000000 ? key & 0x7fffffff : ~key;
  return float[0]!;
}
