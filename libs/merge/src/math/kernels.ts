/*
 * Loops over stretches of values. Each is a function of its own that is given all it needs: the compiler makes code of that
 * which is two to three times as fast as the same loop inside of a closure. None branches on values, which are as good as
 * random and would be guessed wrong half of the time.
 */

/** The bits of float32 values, in the same memory. */
export function bitsOf(values: Float32Array): Int32Array {
  return new Int32Array(values.buffer, values.byteOffset, values.length);
}

/** x − y in place, rounded to float32 as mergekit's task vectors are. */
export function subtract(x: Float32Array, y: Float32Array): void {
  const length = x.length;
  for (let i = 0; i < length; i++) x[i]! -= y[i]!;
}

/** x + y in place, in float32. */
export function add(x: Float32Array, y: Float32Array): void {
  const length = x.length;
  for (let i = 0; i < length; i++) x[i]! += y[i]!;
}

/** x · factor in place, in float32. */
export function scale(x: Float32Array, factor: number): void {
  const length = x.length;
  for (let i = 0; i < length; i++) x[i]! *= factor;
}

/** Writes the rounded sums. */
export function round(sums: Float64Array, out: Float32Array): void {
  const length = out.length;
  for (let i = 0; i < length; i++) out[i] = sums[i]!;
}

/** Σ|xᵢ| */
export function sumOfMagnitudes(x: Float32Array): number {
  const length = x.length;
  let sum = 0;
  for (let i = 0; i < length; i++) sum += Math.abs(x[i]!);
  return sum;
}

/** Σ xᵢ·yᵢ in four sums, so that one addition need not wait for the other. */
export function dot(x: Float32Array, y: Float32Array): number {
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

/**
 * Zeroes magnitudes below a threshold, and those that equal it after the first `ties`.
 * @param threshold bits of the magnitude
 * @returns how many that equal it may still be kept
 */
export function keepFrom(bits: Int32Array, threshold: number, ties: number): number {
  const length = bits.length;
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
 * Adds values, and their weight, where their sign is the elected one; zeros have no sign. Multiplied by 0 or 1, not skipped:
 * what is not a number must not vanish.
 * @param elected any bits whose sign is that of the vote
 */
export function addAgreeing(
  values: Float32Array,
  weight: number,
  elected: Int32Array,
  sum: Float32Array,
  divisor: Float32Array,
): void {
  const bits = bitsOf(values);
  const length = bits.length;
  for (let i = 0; i < length; i++) {
    const own = bits[i]!;
    const nonzero = ((own & 0x7fffffff) + 0x7fffffff) >>> 31;
    const agrees = nonzero & (~(own ^ elected[i]!) >>> 31);
    sum[i]! += values[i]! * agrees;
    divisor[i]! += weight * agrees;
  }
}

/** Replaces 0 by 1, so that dividing is possible. */
export function zeroToOne(divisor: Float32Array): void {
  const length = divisor.length;
  for (let i = 0; i < length; i++) if (divisor[i] === 0) divisor[i] = 1;
}

/** x / y in place, in float32. */
export function divide(x: Float32Array, y: Float32Array): void {
  const length = x.length;
  for (let i = 0; i < length; i++) x[i]! /= y[i]!;
}
