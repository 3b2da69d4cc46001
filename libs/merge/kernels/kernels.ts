/*
 * The loops of merging as 128-bit vector code: AssemblyScript, which `node tools/kernels.mjs` compiles into
 * src/math/kernels.wasm.ts. Each does the same operations in the same order and precision as its twin in src/math/kernels.ts,
 * which stands beside it and is what tests compare it with. Arguments are addresses of arrays and their length in elements.
 */

import { MAGNITUDE } from './rank';

export { keepByRank } from './rank';

const FLOAT_BYTES: usize = 4;
const DOUBLE_BYTES: usize = 8;

function end(at: usize, length: i32, size: usize): usize {
  return at + <usize>length * size;
}

/** Behind the last whole vector of four float32. */
function whole(at: usize, length: i32): usize {
  return at + ((<usize>(length & ~3)) << 2);
}

/** In place: the bits of `length` bfloat16 stand in the second half of as many float32. */
export function widenBfloat16(at: usize, length: i32): void {
  let source = at + ((<usize>length) << 1);
  const last = source + ((<usize>(length & ~7)) << 1);
  for (; source < last; source += 16, at += 32) {
    const bits = v128.load(source);
    v128.store(at, i32x4.shl(v128.extend_low<u16>(bits), 16));
    v128.store(at, i32x4.shl(v128.extend_high<u16>(bits), 16), 16);
  }
  for (let left = length & 7; left > 0; left--, source += 2, at += 4) store<u32>(at, (<u32>load<u16>(source)) << 16);
}

/** In place: the bits of `length` binary16 stand in the second half of as many float32. */
export function widenFloat16(at: usize, length: i32): void {
  let source = at + ((<usize>length) << 1);
  const last = source + ((<usize>(length & ~3)) << 1);
  for (; source < last; source += 8, at += 16) v128.store(at, float16(v128.load_ext<u16>(source)));
  for (let left = length & 3; left > 0; left--, source += 2, at += 4)
    v128.store_lane<u32>(at, float16(i32x4.splat(load<u16>(source))), 0);
}

function float16(bits: v128): v128 {
  const magnitude = v128.and(bits, i32x4.splat(0x7fff));
  const sign = i32x4.shl(v128.and(bits, i32x4.splat(0x8000)), 16);
  // As if the exponent had float32's bias; 2^112 corrects it, of subnormal numbers too.
  const finite = f32x4.mul(i32x4.shl(magnitude, 13), f32x4.splat(5192296858534827628530496329220096.0));
  const special = v128.and(i32x4.gt_s(magnitude, i32x4.splat(0x7bff)), i32x4.splat(0x7f800000));
  return v128.or(v128.or(finite, special), sign);
}

/**
 * Rounds float32 to bfloat16, to nearest and ties to even.
 * @returns whether one of them is not finite or rounds to infinity
 */
export function narrowBfloat16(source: usize, target: usize, length: i32): bool {
  let bad = i32x4.splat(0);
  const last = source + ((<usize>(length & ~7)) << 2);
  for (; source < last; source += 32, target += 16) {
    const low = v128.load(source);
    const high = v128.load(source, 16);
    const lowMagnitude = v128.and(low, i32x4.splat(MAGNITUDE));
    const highMagnitude = v128.and(high, i32x4.splat(MAGNITUDE));
    bad = v128.or(bad, i32x4.gt_s(i32x4.max_s(lowMagnitude, highMagnitude), i32x4.splat(0x7f7f7fff)));
    v128.store(target, i16x8.narrow_i32x4_u(bfloat16(low), bfloat16(high)));
  }
  for (let left = length & 7; left > 0; left--, source += 4, target += 2) {
    const value = v128.load32_zero(source);
    bad = v128.or(bad, i32x4.gt_s(v128.and(value, i32x4.splat(MAGNITUDE)), i32x4.splat(0x7f7f7fff)));
    store<u16>(target, <u16>i32x4.extract_lane(bfloat16(value), 0));
  }
  return v128.any_true(bad);
}

function bfloat16(bits: v128): v128 {
  const odd = v128.and(i32x4.shr_u(bits, 16), i32x4.splat(1));
  return i32x4.shr_u(i32x4.add(bits, i32x4.add(i32x4.splat(0x7fff), odd)), 16);
}

/** Whether one of them is not finite. */
export function anyNotFinite(at: usize, length: i32): bool {
  let bad = i32x4.splat(0);
  const last = whole(at, length);
  const stop = end(at, length, FLOAT_BYTES);
  for (; at < last; at += 16) bad = v128.or(bad, notFinite(v128.load(at)));
  for (; at < stop; at += 4) bad = v128.or(bad, notFinite(v128.load32_zero(at)));
  return v128.any_true(bad);
}

function notFinite(bits: v128): v128 {
  return i32x4.gt_s(v128.and(bits, i32x4.splat(MAGNITUDE)), i32x4.splat(0x7f7fffff));
}

/** sum (float64) += a·w + b·x + c·y + d·z, of the first `count` of them. @param begin the sums are 0 before */
export function accumulate(
  sum: usize,
  w: usize,
  x: usize,
  y: usize,
  z: usize,
  a: f64,
  b: f64,
  c: f64,
  d: f64,
  count: i32,
  begin: bool,
  length: i32,
): void {
  const stop = end(sum, length, DOUBLE_BYTES);
  const last = end(sum, length & ~1, DOUBLE_BYTES);
  for (; sum < last; sum += 16, w += 8, x += 8, y += 8, z += 8) {
    let part = f64x2.mul(f64x2.splat(a), doubles(w));
    if (count > 1) part = f64x2.add(part, f64x2.mul(f64x2.splat(b), doubles(x)));
    if (count > 2) part = f64x2.add(part, f64x2.mul(f64x2.splat(c), doubles(y)));
    if (count > 3) part = f64x2.add(part, f64x2.mul(f64x2.splat(d), doubles(z)));
    v128.store(sum, f64x2.add(begin ? f64x2.splat(0) : v128.load(sum), part));
  }
  if (sum == stop) return;
  let part = a * <f64>load<f32>(w);
  if (count > 1) part += b * <f64>load<f32>(x);
  if (count > 2) part += c * <f64>load<f32>(y);
  if (count > 3) part += d * <f64>load<f32>(z);
  store<f64>(sum, (begin ? 0 : load<f64>(sum)) + part);
}

/** Two float32 as float64. */
function doubles(at: usize): v128 {
  return f64x2.promote_low_f32x4(v128.load64_zero(at));
}

/** Rounds float64 to float32. */
export function round(sums: usize, out: usize, length: i32): void {
  const stop = end(sums, length, DOUBLE_BYTES);
  const last = end(sums, length & ~1, DOUBLE_BYTES);
  for (; sums < last; sums += 16, out += 8) v128.store_lane<u64>(out, f32x4.demote_f64x2_zero(v128.load(sums)), 0);
  if (sums < stop) store<f32>(out, <f32>load<f64>(sums));
}

export function subtract(x: usize, y: usize, length: i32): void {
  const last = whole(x, length);
  const stop = end(x, length, FLOAT_BYTES);
  for (; x < last; x += 16, y += 16) v128.store(x, f32x4.sub(v128.load(x), v128.load(y)));
  for (; x < stop; x += 4, y += 4) store<f32>(x, load<f32>(x) - load<f32>(y));
}

export function add(x: usize, y: usize, length: i32): void {
  const last = whole(x, length);
  const stop = end(x, length, FLOAT_BYTES);
  for (; x < last; x += 16, y += 16) v128.store(x, f32x4.add(v128.load(x), v128.load(y)));
  for (; x < stop; x += 4, y += 4) store<f32>(x, load<f32>(x) + load<f32>(y));
}

export function divide(x: usize, y: usize, length: i32): void {
  const last = whole(x, length);
  const stop = end(x, length, FLOAT_BYTES);
  for (; x < last; x += 16, y += 16) v128.store(x, f32x4.div(v128.load(x), v128.load(y)));
  for (; x < stop; x += 4, y += 4) store<f32>(x, load<f32>(x) / load<f32>(y));
}

export function scale(x: usize, factor: f32, length: i32): void {
  const last = whole(x, length);
  const stop = end(x, length, FLOAT_BYTES);
  for (; x < last; x += 16) v128.store(x, f32x4.mul(v128.load(x), f32x4.splat(factor)));
  for (; x < stop; x += 4) store<f32>(x, load<f32>(x) * factor);
}

export function zeroToOne(x: usize, length: i32): void {
  const last = whole(x, length);
  const stop = end(x, length, FLOAT_BYTES);
  for (; x < last; x += 16) {
    const values = v128.load(x);
    const zero = f32x4.eq(values, f32x4.splat(0));
    v128.store(x, v128.bitselect(f32x4.splat(1), values, zero));
  }
  for (; x < stop; x += 4) if (load<f32>(x) == 0) store<f32>(x, 1);
}

/** Four sums: of the elements whose index leaves 0, 1, 2, 3 by 4. */
export function dot(x: usize, y: usize, length: i32): f64 {
  let low = f64x2.splat(0);
  let high = f64x2.splat(0);
  const last = whole(x, length);
  const stop = end(x, length, FLOAT_BYTES);
  for (; x < last; x += 16, y += 16) {
    low = f64x2.add(low, f64x2.mul(doubles(x), doubles(y)));
    high = f64x2.add(high, f64x2.mul(doubles(x + 8), doubles(y + 8)));
  }
  let first = f64x2.extract_lane(low, 0);
  for (; x < stop; x += 4, y += 4) first += <f64>load<f32>(x) * <f64>load<f32>(y);
  return first + f64x2.extract_lane(low, 1) + (f64x2.extract_lane(high, 0) + f64x2.extract_lane(high, 1));
}

/** Four sums, as {@link dot}. */
export function sumOfMagnitudes(x: usize, length: i32): f64 {
  let low = f64x2.splat(0);
  let high = f64x2.splat(0);
  const last = whole(x, length);
  const stop = end(x, length, FLOAT_BYTES);
  for (; x < last; x += 16) {
    low = f64x2.add(low, f64x2.abs(doubles(x)));
    high = f64x2.add(high, f64x2.abs(doubles(x + 8)));
  }
  let first = f64x2.extract_lane(low, 0);
  for (; x < stop; x += 4) first += <f64>Mathf.abs(load<f32>(x));
  return first + f64x2.extract_lane(low, 1) + (f64x2.extract_lane(high, 0) + f64x2.extract_lane(high, 1));
}

/** @returns how many that equal the threshold may still be kept */
export function keepFrom(bits: usize, threshold: i32, ties: i32, length: i32): i32 {
  const last = whole(bits, length);
  const stop = end(bits, length, FLOAT_BYTES);
  for (; bits < last; bits += 16) {
    const values = v128.load(bits);
    const magnitude = v128.and(values, i32x4.splat(MAGNITUDE));
    if (v128.any_true(i32x4.eq(magnitude, i32x4.splat(threshold))))
      for (let at = bits; at < bits + 16; at += 4) ties = keepOne(at, threshold, ties);
    else v128.store(bits, v128.and(values, i32x4.gt_s(magnitude, i32x4.splat(threshold))));
  }
  for (; bits < stop; bits += 4) ties = keepOne(bits, threshold, ties);
  return ties;
}

function keepOne(at: usize, threshold: i32, ties: i32): i32 {
  const magnitude = load<i32>(at) & MAGNITUDE;
  if (magnitude > threshold) return ties;
  if (magnitude == threshold && ties > 0) return ties - 1;
  store<i32>(at, 0);
  return ties;
}

/**
 * Counts magnitudes above a range and writes those that are in it.
 * @param found room for `length` of them; how many there are is written to `foundCount`
 */
export function bracket(bits: usize, low: i32, high: i32, found: usize, foundCount: usize, length: i32): i32 {
  let above = i32x4.splat(0);
  const first = found;
  const last = whole(bits, length);
  const stop = end(bits, length, FLOAT_BYTES);
  for (; bits < last; bits += 16) {
    const magnitude = v128.and(v128.load(bits), i32x4.splat(MAGNITUDE));
    const over = i32x4.gt_s(magnitude, i32x4.splat(high));
    above = i32x4.sub(above, over);
    const inside = v128.andnot(i32x4.ge_s(magnitude, i32x4.splat(low)), over);
    if (!v128.any_true(inside)) continue;
    const lanes = i32x4.bitmask(inside);
    for (let lane = 0; lane < 4; lane++) {
      store<i32>(found, load<i32>(bits + ((<usize>lane) << 2)) & MAGNITUDE);
      found += (<usize>((lanes >> lane) & 1)) << 2;
    }
  }
  let count = i32x4.extract_lane(above, 0) + i32x4.extract_lane(above, 1);
  count += i32x4.extract_lane(above, 2) + i32x4.extract_lane(above, 3);
  for (; bits < stop; bits += 4) {
    const magnitude = load<i32>(bits) & MAGNITUDE;
    if (magnitude > high) count++;
    else if (magnitude >= low) {
      store<i32>(found, magnitude);
      found += 4;
    }
  }
  store<i32>(foundCount, <i32>((found - first) >> 2));
  return count;
}

/** Adds values, and their weight, where their sign is the elected one. */
export function addAgreeing(values: usize, weight: f32, elected: usize, sum: usize, divisor: usize, length: i32): void {
  const last = whole(values, length);
  const stop = end(values, length, FLOAT_BYTES);
  for (; values < last; values += 16, elected += 16, sum += 16, divisor += 16) {
    const own = v128.load(values);
    const agrees = agreement(own, v128.load(elected));
    v128.store(sum, f32x4.add(v128.load(sum), f32x4.mul(own, agrees)));
    v128.store(divisor, f32x4.add(v128.load(divisor), f32x4.mul(f32x4.splat(weight), agrees)));
  }
  for (; values < stop; values += 4, elected += 4, sum += 4, divisor += 4) {
    const agrees = f32x4.extract_lane(agreement(v128.load32_zero(values), v128.load32_zero(elected)), 0);
    store<f32>(sum, load<f32>(sum) + load<f32>(values) * agrees);
    store<f32>(divisor, load<f32>(divisor) + weight * agrees);
  }
}

/** 1 where a value has the elected sign, 0 where it has not or is zero. */
function agreement(own: v128, elected: v128): v128 {
  const same = i32x4.ge_s(v128.xor(own, elected), i32x4.splat(0));
  const zero = i32x4.eq(v128.and(own, i32x4.splat(MAGNITUDE)), i32x4.splat(0));
  return v128.and(v128.andnot(same, zero), f32x4.splat(1));
}

/** Zeroes what a stream of random numbers drops (xoshiro128**, the Rng of contracts). @param state its four words, which go on */
export function keepAtRandom(at: usize, state: usize, limit: u32, length: i32): void {
  let a = load<u32>(state);
  let b = load<u32>(state, 4);
  let c = load<u32>(state, 8);
  let d = load<u32>(state, 12);
  for (const stop = end(at, length, FLOAT_BYTES); at < stop; at += 4) {
    const drawn = rotl<u32>(b * 5, 7) * 9;
    const shifted = b << 9;
    c ^= a;
    d ^= b;
    b ^= c;
    a ^= d;
    c ^= shifted;
    d = rotl<u32>(d, 11);
    store<u32>(at, load<u32>(at) & (0 - <u32>(drawn < limit)));
  }
  store<u32>(state, a);
  store<u32>(state, b, 4);
  store<u32>(state, c, 8);
  store<u32>(state, d, 12);
}
