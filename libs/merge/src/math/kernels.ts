import { Rng } from '@agent-forge/contracts/core';
import { fromBfloat16, fromFloat16, toBfloat16 } from '@agent-forge/model/storage';
import { KERNELS, SCRATCH, scratchFloats } from './scratch.js';

/*
 * Loops over stretches of values: vector code for those in scratch memory, and the same operations in the same order and
 * precision for those elsewhere. Each is a function of its own that is given all it needs: the compiler makes code of that
 * which is two to three times as fast as the same loop inside of a closure. None branches on values, which are as good as
 * random and would be guessed wrong half of the time.
 */

/** Where vector code reaches. */
const inScratch = (values: ArrayBufferView): boolean => values.buffer === SCRATCH;

/** The bits of float32 values, in the same memory. */
export function bitsOf(values: Float32Array): Int32Array {
  return new Int32Array(values.buffer, values.byteOffset, values.length);
}

/** The second half of the memory of float32 values, where as many half floats are put to be widened in place. */
export function halfOf(values: Float32Array): Uint16Array {
  return new Uint16Array(values.buffer, values.byteOffset + 2 * values.length, values.length);
}

/** Turns half floats in {@link halfOf} into the values. */
export function widen(values: Float32Array, dtype: 'BF16' | 'F16'): void {
  if (inScratch(values)) {
    if (dtype === 'BF16') KERNELS.widenBfloat16(values.byteOffset, values.length);
    else KERNELS.widenFloat16(values.byteOffset, values.length);
  } else if (dtype === 'BF16') fromBfloat16(halfOf(values), values);
  else fromFloat16(halfOf(values), values);
}

/** Rounds to nearest, ties to even. @returns whether a value is not finite or rounds to infinity */
export function narrowBfloat16(values: Float32Array, target: Uint16Array): boolean {
  if (inScratch(values) && inScratch(target))
    return KERNELS.narrowBfloat16(values.byteOffset, target.byteOffset, values.length) !== 0;
  toBfloat16(values, target);
  const length = values.length;
  for (let i = 0; i < length; i++) if ((target[i]! & 0x7f80) === 0x7f80) return true;
  return false;
}

/** Whether a value is not finite. */
export function anyNotFinite(values: Float32Array): boolean {
  if (inScratch(values)) return KERNELS.anyNotFinite(values.byteOffset, values.length) !== 0;
  const bits = bitsOf(values);
  const length = bits.length;
  for (let i = 0; i < length; i++) if ((bits[i]! & 0x7fffffff) > 0x7f7fffff) return true;
  return false;
}

/** Largest number of arrays that {@link accumulate} takes at once; the more, the less often the sums go through memory. */
export const ACCUMULATED = 4;

/**
 * Adds the first `count` arrays times their coefficients to sums in double precision.
 * @param begin the sums are 0 before, whatever they hold
 */
export function accumulate(
  sum: Float64Array,
  arrays: readonly Float32Array[],
  coefficients: readonly number[],
  count: number,
  begin: boolean,
): void {
  const [w, x, y, z] = arrays as [Float32Array, Float32Array, Float32Array, Float32Array];
  const [a, b, c, d] = coefficients as [number, number, number, number];
  const length = sum.length;
  if (inScratch(sum) && arrays.every(inScratch))
    KERNELS.accumulate(...[sum, w, x, y, z].map((each) => each.byteOffset), a, b, c, d, count, begin ? 1 : 0, length);
  else if (begin) accumulate(sum.fill(0), arrays, coefficients, count, false);
  else if (count === 1) for (let i = 0; i < length; i++) sum[i]! += a * w[i]!;
  else if (count === 2) for (let i = 0; i < length; i++) sum[i]! += a * w[i]! + b * x[i]!;
  else if (count === 3) for (let i = 0; i < length; i++) sum[i]! += a * w[i]! + b * x[i]! + c * y[i]!;
  else for (let i = 0; i < length; i++) sum[i]! += a * w[i]! + b * x[i]! + c * y[i]! + d * z[i]!;
}

/** Writes the rounded sums. */
export function round(sums: Float64Array, out: Float32Array): void {
  const length = out.length;
  if (inScratch(sums) && inScratch(out)) KERNELS.round(sums.byteOffset, out.byteOffset, length);
  else for (let i = 0; i < length; i++) out[i] = sums[i]!;
}

/** x − y in place, rounded to float32 as mergekit's task vectors are. */
export function subtract(x: Float32Array, y: Float32Array): void {
  const length = x.length;
  if (inScratch(x) && inScratch(y)) KERNELS.subtract(x.byteOffset, y.byteOffset, length);
  else for (let i = 0; i < length; i++) x[i]! -= y[i]!;
}

/** x + y in place, in float32. */
export function add(x: Float32Array, y: Float32Array): void {
  const length = x.length;
  if (inScratch(x) && inScratch(y)) KERNELS.add(x.byteOffset, y.byteOffset, length);
  else for (let i = 0; i < length; i++) x[i]! += y[i]!;
}

/** x / y in place, in float32. */
export function divide(x: Float32Array, y: Float32Array): void {
  const length = x.length;
  if (inScratch(x) && inScratch(y)) KERNELS.divide(x.byteOffset, y.byteOffset, length);
  else for (let i = 0; i < length; i++) x[i]! /= y[i]!;
}

/** x · factor in place; the factor is rounded to float32 first. */
export function scale(x: Float32Array, factor: number): void {
  const length = x.length;
  const rounded = Math.fround(factor);
  if (inScratch(x)) KERNELS.scale(x.byteOffset, rounded, length);
  else for (let i = 0; i < length; i++) x[i]! *= rounded;
}

/** Replaces 0 by 1, so that dividing is possible. */
export function zeroToOne(x: Float32Array): void {
  const length = x.length;
  if (inScratch(x)) KERNELS.zeroToOne(x.byteOffset, length);
  else for (let i = 0; i < length; i++) if (x[i] === 0) x[i] = 1;
}

/** Σ xᵢ·yᵢ in four sums, so that one addition need not wait for the other. */
export function dot(x: Float32Array, y: Float32Array): number {
  if (inScratch(x) && inScratch(y)) return KERNELS.dot(x.byteOffset, y.byteOffset, x.length);
  let [a, b, c, d] = [0, 0, 0, 0];
  const whole = x.length - (x.length % 4);
  for (let i = 0; i < whole; i += 4) {
    a += x[i]! * y[i]!;
    b += x[i + 1]! * y[i + 1]!;
    c += x[i + 2]! * y[i + 2]!;
    d += x[i + 3]! * y[i + 3]!;
  }
  for (let i = whole; i < x.length; i++) a += x[i]! * y[i]!;
  return a + b + (c + d);
}

/** Σ|xᵢ|, in four sums as {@link dot}. */
export function sumOfMagnitudes(x: Float32Array): number {
  if (inScratch(x)) return KERNELS.sumOfMagnitudes(x.byteOffset, x.length);
  let [a, b, c, d] = [0, 0, 0, 0];
  const whole = x.length - (x.length % 4);
  for (let i = 0; i < whole; i += 4) {
    a += Math.abs(x[i]!);
    b += Math.abs(x[i + 1]!);
    c += Math.abs(x[i + 2]!);
    d += Math.abs(x[i + 3]!);
  }
  for (let i = whole; i < x.length; i++) a += Math.abs(x[i]!);
  return a + b + (c + d);
}

/**
 * Zeroes magnitudes below a threshold, and those that equal it after the first `ties`.
 * @param threshold bits of the magnitude
 * @returns how many that equal it may still be kept
 */
export function keepFrom(values: Float32Array, threshold: number, ties: number): number {
  const length = values.length;
  if (inScratch(values)) return KERNELS.keepFrom(values.byteOffset, threshold, ties, length);
  const bits = bitsOf(values);
  let left = ties;
  for (let i = 0; i < length; i++) {
    const value = bits[i]!;
    const magnitude = value & 0x7fffffff;
    // Rare, so that the branch is guessed right.
    if (magnitude === threshold && left > 0) left--;
    else bits[i] = value & ((threshold - magnitude) >> 31);
  }
  return left;
}

/**
 * Counts magnitudes above a range and writes those that are in it, in order.
 * @param low bits of the magnitude where the range begins, `high` where it ends; both are in it
 * @param found room for all; one more element behind them is overwritten by the count
 * @returns how many are above, and in the range
 */
export function bracket(
  values: Float32Array,
  low: number,
  high: number,
  found: Int32Array,
): { above: number; inside: number } {
  const { length } = values;
  if (inScratch(values) && inScratch(found)) {
    const at = found.byteOffset;
    const above = KERNELS.bracket(values.byteOffset, low, high, at, at + 4 * length, length);
    return { above, inside: found[length]! };
  }
  const bits = bitsOf(values);
  let [above, inside] = [0, 0];
  for (let i = 0; i < length; i++) {
    const magnitude = bits[i]! & 0x7fffffff;
    found[inside] = magnitude;
    above += (high - magnitude) >>> 31;
    inside += magnitude >= low && magnitude <= high ? 1 : 0;
  }
  found[length] = inside;
  return { above, inside };
}

/**
 * Adds values, and their weight, where their sign is the elected one; zeros have no sign. Multiplied by 0 or 1, not skipped:
 * what is not a number must not vanish.
 * @param weight a float32
 * @param elected values of which only the sign counts
 */
export function addAgreeing(
  values: Float32Array,
  weight: number,
  elected: Float32Array,
  sum: Float32Array,
  divisor: Float32Array,
): void {
  const length = values.length;
  if (inScratch(values) && inScratch(elected) && inScratch(sum) && inScratch(divisor)) {
    const [vote, total, count] = [elected, sum, divisor].map((each) => each.byteOffset) as [number, number, number];
    return KERNELS.addAgreeing(values.byteOffset, weight, vote, total, count, length);
  }
  const [bits, votes] = [bitsOf(values), bitsOf(elected)];
  for (let i = 0; i < length; i++) {
    const own = bits[i]!;
    const nonzero = ((own & 0x7fffffff) + 0x7fffffff) >>> 31;
    const agrees = nonzero & (~(own ^ votes[i]!) >>> 31);
    sum[i]! += values[i]! * agrees;
    divisor[i]! += weight * agrees;
  }
}

/** State of a stream of random numbers (the Rng of contracts): four words, which go on as numbers are drawn. */
export function randomWords(state: readonly number[]): Uint32Array {
  const words = scratchFloats(state.length);
  const result = new Uint32Array(words.buffer, words.byteOffset, words.length);
  result.set(state);
  return result;
}

/** Zeroes each value for which the next random number is not below the limit. */
export function keepAtRandom(values: Float32Array, words: Uint32Array, limit: number): void {
  if (inScratch(values) && inScratch(words))
    return KERNELS.keepAtRandom(values.byteOffset, words.byteOffset, limit, values.length);
  const random = Rng.fromState([words[0]!, words[1]!, words[2]!, words[3]!]);
  for (let i = 0; i < values.length; i++) if (random.uint32() >= limit) values[i] = 0;
  words.set(random.state());
}

/** How likely a value is kept, by its rank in a row, and whether what is kept is divided by that. */
export interface RankRule {
  readonly density: number;
  readonly epsilon: number;
  readonly divide: boolean;
}

/** Numbers of memory that {@link keepByRank} needs for a row. */
export const rankRoom = (rowLength: number): number => 6 * rowLength + 5 * 1024;

/**
 * Zeroes values of a row at random: each is kept with density − epsilon for the smallest magnitude to density + epsilon for
 * the largest, linear in its rank, equal ones in their order.
 * @param words as {@link keepAtRandom}
 * @param room {@link rankRoom} numbers, overwritten
 */
export function keepByRank(values: Float32Array, words: Uint32Array, rule: RankRule, room: Float32Array): void {
  const { density, epsilon, divide } = rule;
  const { length, byteOffset: at } = values;
  if ([values, words, room].every(inScratch))
    return KERNELS.keepByRank(at, words.byteOffset, density, epsilon, divide ? 1 : 0, room.byteOffset, length);
  const bits = bitsOf(values);
  // 31 bits of magnitude and the place behind them as one double each: a native sort, with ties in order.
  const order = Float64Array.from(bits, (each, i) => (each & 0x7fffffff) * length + i).sort();
  const probability = new Float64Array(length);
  for (let rank = 0; rank < length; rank++)
    probability[order[rank]! % length] = density + epsilon * (length === 1 ? 0 : (2 * rank) / (length - 1) - 1);
  const random = Rng.fromState([words[0]!, words[1]!, words[2]!, words[3]!]);
  for (let i = 0; i < length; i++) {
    if (random.uint32() >= probability[i]! * 2 ** 32) values[i] = 0;
    else if (divide) values[i]! /= probability[i]!;
  }
  words.set(random.state());
}
