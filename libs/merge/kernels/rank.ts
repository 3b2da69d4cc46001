/* Keeping values by the rank of their magnitudes in a row; part of kernels.ts. */

/** The bits of a float32 without its sign. */
export const MAGNITUDE: i32 = 0x7fffffff;
/** Digits of eight bits, four of which are a magnitude. */
const DIGITS: i32 = 256;
/** Buckets for magnitudes from the largest of a row down to its 2^16th part, 64 to the octave; the first takes what is smaller. */
const BUCKETS: i32 = 1024;
const BUCKET_SHIFT: i32 = 17;
/** Of more values than this share of a row the ranks are found by sorting. */
const SCANNED_SHARE: i32 = 32;
const TWO_TO_32: f64 = 4294967296.0;

/**
 * Zeroes values of a row at random, as {@link keepAtRandom}; each is kept with density − epsilon for the smallest magnitude to
 * density + epsilon for the largest, linear in its rank, equal ones in their order.
 *
 * What is drawn decides most values without their rank: only that of a value whose number is drawn between the probabilities of the
 * first and the last rank in its bucket must be known.
 * @param divide what is kept is divided by its probability
 * @param room 6 · length + 5 · {@link BUCKETS} words of 4 bytes
 */
export function keepByRank(
  at: usize,
  state: usize,
  density: f64,
  epsilon: f64,
  divide: bool,
  room: usize,
  length: i32,
): void {
  const size = (<usize>length) << 2;
  const pairs = room + 2 * size;
  const keys = pairs + 2 * size;
  const largest = magnitudes(at, keys, size);
  if (divide) {
    const probabilities = probabilitiesByRank(pairs, room + 6 * size, density, epsilon, length);
    divideByRank(at, state, probabilities, size);
    return;
  }
  const base = max<i32>(0, largest - (BUCKETS << BUCKET_SHIFT) + 1);
  const bounds = boundBuckets(keys, base, room + 6 * size, density, epsilon, length);
  const open = keepByBucket(at, state, keys, base, bounds, room, size);
  if (open > length / SCANNED_SHARE) {
    const probabilities = probabilitiesByRank(pairs, room + 6 * size, density, epsilon, length);
    for (let pair = room; pair < room + ((<usize>open) << 3); pair += 8) {
      const place = <usize>load<u32>(pair);
      keepIf(at + place, <f64>load<u32>(pair, 4), load<f64>(probabilities + 2 * place) * TWO_TO_32);
    }
  } else {
    for (let pair = room; pair < room + ((<usize>open) << 3); pair += 8) {
      const place = <usize>load<u32>(pair);
      const p = probabilityOf(rankOf(keys, place, size), density, epsilon, length);
      keepIf(at + place, <f64>load<u32>(pair, 4), p * TWO_TO_32);
    }
  }
}

/** Writes the bits of magnitudes. @returns the largest */
function magnitudes(at: usize, keys: usize, size: usize): i32 {
  let largest = 0;
  for (let i: usize = 0; i < size; i += 4) {
    const key = load<i32>(at + i) & MAGNITUDE;
    store<i32>(keys + i, key);
    largest = max<i32>(largest, key);
  }
  return largest;
}

function bucketOf(key: i32, base: i32): usize {
  return <usize>(max<i32>(key - base, 0) >> BUCKET_SHIFT);
}

function keepIf(at: usize, drawn: f64, limit: f64): void {
  if (drawn >= limit) store<f32>(at, 0);
}

function probabilityOf(rank: i32, density: f64, epsilon: f64, length: i32): f64 {
  const last = <f64>(length - 1);
  const slope = last == 0 ? 0 : (2 * <f64>rank) / last - 1;
  return density + epsilon * slope;
}

/**
 * Writes for each bucket in use below which number a value of it is kept whatever its rank, and from which on it is dropped.
 * @param counts of the buckets; the bounds, two numbers for each, are behind them
 */
function boundBuckets(keys: usize, base: i32, counts: usize, density: f64, epsilon: f64, length: i32): usize {
  memory.fill(counts, 0, BUCKETS << 2);
  const stop = keys + ((<usize>length) << 2);
  for (let key = keys; key < stop; key += 4) {
    const count = counts + (bucketOf(load<i32>(key), base) << 2);
    store<u32>(count, load<u32>(count) + 1);
  }
  const bounds = counts + (BUCKETS << 2);
  let before: i32 = 0;
  for (let bucket: usize = 0; bucket < <usize>BUCKETS; bucket++) {
    const count = load<i32>(counts + (bucket << 2));
    if (count == 0) continue;
    const first = probabilityOf(before, density, epsilon, length) * TWO_TO_32;
    before += count;
    const last = probabilityOf(before - 1, density, epsilon, length) * TWO_TO_32;
    // Each operation rounds monotonically, so all ranks between have probabilities between; epsilon may be negative.
    store<f64>(bounds + (bucket << 4), min<f64>(first, last));
    store<f64>(bounds + (bucket << 4), max<f64>(first, last), 8);
  }
  return bounds;
}

/** Zeroes what is dropped whatever its rank. @returns how many may be dropped or not; their offsets and numbers are written to `open` */
function keepByBucket(at: usize, state: usize, keys: usize, base: i32, bounds: usize, open: usize, size: usize): i32 {
  let a = load<u32>(state);
  let b = load<u32>(state, 4);
  let c = load<u32>(state, 8);
  let d = load<u32>(state, 12);
  let found = open;
  for (let i: usize = 0; i < size; i += 4) {
    const drawn = rotl<u32>(b * 5, 7) * 9;
    const shifted = b << 9;
    c ^= a;
    d ^= b;
    b ^= c;
    a ^= d;
    c ^= shifted;
    d = rotl<u32>(d, 11);
    const bound = bounds + (bucketOf(load<i32>(keys + i), base) << 4);
    const isBelow = <u32>(<f64>drawn < load<f64>(bound, 8));
    store<u32>(at + i, load<u32>(at + i) & (0 - isBelow));
    store<u32>(found, <u32>i);
    store<u32>(found, drawn, 4);
    found += (<usize>(isBelow & (<u32>(<f64>drawn >= load<f64>(bound))))) << 3;
  }
  store<u32>(state, a);
  store<u32>(state, b, 4);
  store<u32>(state, c, 8);
  store<u32>(state, d, 12);
  return <i32>((found - open) >> 3);
}

/** How many keys of a row are smaller than that at `place`, or equal and before it. */
function rankOf(keys: usize, place: usize, size: usize): i32 {
  const own = load<i32>(keys + place);
  return countUpTo(keys, keys + place, own) + countUpTo(keys + place, keys + size, own - 1);
}

/** How many keys are not above a limit. */
function countUpTo(from: usize, to: usize, limit: i32): i32 {
  const wanted = i32x4.splat(limit);
  let counts = i32x4.splat(0);
  let key = from;
  // Comparisons give −1.
  for (; key + 16 <= to; key += 16) counts = i32x4.sub(counts, i32x4.le_s(v128.load(key), wanted));
  let count =
    i32x4.extract_lane(counts, 0) +
    i32x4.extract_lane(counts, 1) +
    i32x4.extract_lane(counts, 2) +
    i32x4.extract_lane(counts, 3);
  for (; key < to; key += 4) count += <i32>(load<i32>(key) <= limit);
  return count;
}

function divideByRank(at: usize, state: usize, probabilities: usize, size: usize): void {
  for (let i: usize = 0; i < size; i += 4) {
    const p = load<f64>(probabilities + 2 * i);
    if (<f64>draw(state) >= p * TWO_TO_32) store<f32>(at + i, 0);
    else store<f32>(at + i, <f32>(<f64>load<f32>(at + i) / p));
  }
}

/**
 * The probability of each place, by sorting.
 * @param pairs room for a magnitude and a place each, twice; in the second half the magnitudes
 */
function probabilitiesByRank(pairs: usize, counts: usize, density: f64, epsilon: f64, length: i32): usize {
  const size = (<usize>length) << 2;
  const keys = pairs + 2 * size;
  for (let i: usize = 0; i < size; i += 4) {
    store<u32>(pairs + 2 * i, load<u32>(keys + i));
    store<u32>(pairs + 2 * i + 4, <u32>(i >> 2));
  }
  for (let shift = 0; shift < 32; shift += 16) {
    sortByDigit(pairs, keys, counts, shift, size);
    sortByDigit(keys, pairs, counts, shift + 8, size);
  }
  // Sorted, and the other half free: each place gets its probability.
  for (let rank = 0; rank < length; rank++) {
    const place = <usize>load<u32>(pairs + ((<usize>rank) << 3) + 4);
    store<f64>(keys + (place << 3), probabilityOf(rank, density, epsilon, length));
  }
  return keys;
}

/** Moves pairs to where they stand when sorted by one digit of their magnitude, equal ones in their order. */
function sortByDigit(from: usize, to: usize, counts: usize, shift: i32, size: usize): void {
  memory.fill(counts, 0, DIGITS << 2);
  const stop = from + 2 * size;
  for (let pair = from; pair < stop; pair += 8) {
    const count = counts + (((load<u32>(pair) >> shift) & 255) << 2);
    store<u32>(count, load<u32>(count) + 1);
  }
  let before: u32 = 0;
  for (let digit = 0; digit < DIGITS; digit++) {
    const count = load<u32>(counts + ((<usize>digit) << 2));
    store<u32>(counts + ((<usize>digit) << 2), before);
    before += count;
  }
  for (let pair = from; pair < stop; pair += 8) {
    const value = load<u64>(pair);
    const count = counts + ((((<u32>value) >> shift) & 255) << 2);
    const place = load<u32>(count);
    store<u32>(count, place + 1);
    store<u64>(to + ((<usize>place) << 3), value);
  }
}

/** The next of a stream of random numbers, as in {@link keepAtRandom}. */
function draw(state: usize): u32 {
  const a = load<u32>(state);
  const b = load<u32>(state, 4);
  const c = load<u32>(state, 8) ^ a;
  const d = load<u32>(state, 12) ^ b;
  store<u32>(state, a ^ d);
  store<u32>(state, b ^ c, 4);
  store<u32>(state, c ^ (b << 9), 8);
  store<u32>(state, rotl<u32>(d, 11), 12);
  return rotl<u32>(b * 5, 7) * 9;
}
