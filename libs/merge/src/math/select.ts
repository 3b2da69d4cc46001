/** Bits that each pass looks at, from the top: 11, 11 and 10. The table of counts of a pass fits the first-level cache. */
const PASSES = [
  { shift: 21, bits: 11 },
  { shift: 10, bits: 11 },
  { shift: 0, bits: 10 },
] as const;

/** The k largest keys: all above `key`, and the first `ties` of those that equal it. */
export interface Selection {
  readonly key: number;
  readonly ties: number;
}

/**
 * Finds the k-th largest of unsigned 32-bit keys by radix selection: three passes, no copy, no sorting, whatever the values.
 * @param k from 1 to the number of keys
 */
export function selectLargest(keys: Uint32Array, k: number): Selection {
  let key = 0;
  let ties = k;
  for (const { shift, bits } of PASSES) {
    const counts = count(keys, key, shift, bits);
    let digit = counts.length - 1;
    while (ties > counts[digit]!) ties -= counts[digit--]!;
    key = (key | (digit << shift)) >>> 0;
  }
  return { key, ties };
}

/** The key that is at `rank` (from 0) when they are sorted upwards. */
export function keyAtRank(keys: Uint32Array, rank: number): number {
  return selectLargest(keys, keys.length - rank).key;
}

/** How many of the keys that begin as `prefix` have each of the next digits. */
function count(keys: Uint32Array, prefix: number, shift: number, bits: number): Uint32Array {
  const counts = new Uint32Array(2 ** bits);
  const mask = counts.length - 1;
  if (shift + bits === 32) {
    for (let i = 0; i < keys.length; i++) counts[keys[i]! >>> shift]!++;
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

/** Bits of float32 values without their sign: unsigned integers in the order of the magnitudes, NaN above all. */
export function magnitudeKeys(values: Float32Array): Uint32Array {
  const keys = new Uint32Array(values.buffer, values.byteOffset, values.length);
  for (let i = 0; i < keys.length; i++) keys[i]! &= 0x7fffffff;
  return keys;
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
