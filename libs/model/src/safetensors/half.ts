/**
 * Conversions between float32 and the two 16-bit formats, rounding to nearest, ties to even (IEEE 754-2008, 4.3.1).
 * Arrays convert element by element; source and target have the same length.
 */

/** IEEE binary16 bits of the float32 with bits `u`; too large becomes infinity, NaN stays a (quiet) NaN. */
export function float16Bits(u: number): number {
  const sign = (u >>> 16) & 0x8000;
  const magnitude = u & 0x7fffffff;
  if (magnitude > 0x7f800000) return sign | 0x7e00;
  // From 65520 on the nearest value is out of range.
  if (magnitude >= 0x477ff000) return sign | 0x7c00;
  if (magnitude < 0x38800000) return sign | subnormalBits(magnitude);
  const rebiased = magnitude - 0x38000000;
  return sign | ((rebiased + 0xfff + ((rebiased >>> 13) & 1)) >>> 13);
}

/** Values below 2^-14, in units of 2^-24. */
function subnormalBits(magnitude: number): number {
  // Up to 2^-25, the tie between zero and the smallest value, zero is nearest.
  if (magnitude <= 0x33000000) return 0;
  const shift = 126 - (magnitude >>> 23);
  const mantissa = (magnitude & 0x7fffff) | 0x800000;
  const quotient = mantissa >>> shift;
  const rest = mantissa & (2 ** shift - 1);
  const half = 2 ** (shift - 1);
  return rest > half || (rest === half && (quotient & 1) === 1) ? quotient + 1 : quotient;
}

/** bfloat16 bits of the float32 with bits `u`; NaN stays a (quiet) NaN. */
export function bfloat16Bits(u: number): number {
  if ((u & 0x7fffffff) > 0x7f800000) return (u >>> 16) | 0x40;
  return (u + 0x7fff + ((u >>> 16) & 1)) >>> 16;
}

const bitsOf = (values: Float32Array): Int32Array => new Int32Array(values.buffer, values.byteOffset, values.length);

export function toFloat16(source: Float32Array, target: Uint16Array): void {
  const bits = bitsOf(source);
  for (let i = 0; i < bits.length; i++) target[i] = float16Bits(bits[i]!);
}

export function toBfloat16(source: Float32Array, target: Uint16Array): void {
  const bits = bitsOf(source);
  const length = bits.length;
  // Written out and in signed integers, which the compiler keeps in registers: three times as fast as calling bfloat16Bits.
  for (let i = 0; i < length; i++) {
    const u = bits[i]!;
    target[i] = (u & 0x7fffffff) > 0x7f800000 ? (u >>> 16) | 0x40 : ((u + 0x7fff + ((u >>> 16) & 1)) | 0) >>> 16;
  }
}

/** Every binary16 value, by its bits. */
const FLOAT16_VALUES = Float32Array.from({ length: 0x10000 }, (_, bits) => {
  const sign = bits & 0x8000 ? -1 : 1;
  const exponent = (bits >>> 10) & 0x1f;
  const fraction = bits & 0x3ff;
  if (exponent === 0x1f) return fraction === 0 ? sign * Infinity : NaN;
  return exponent === 0 ? sign * fraction * 2 ** -24 : sign * (1 + fraction / 1024) * 2 ** (exponent - 15);
});

/** Source and target may share a buffer if element i of the source does not lie before element i of the target ends. */
export function fromFloat16(source: Uint16Array, target: Float32Array): void {
  for (let i = 0; i < source.length; i++) target[i] = FLOAT16_VALUES[source[i]!]!;
}

/** Source and target may share a buffer, as in {@link fromFloat16}. */
export function fromBfloat16(source: Uint16Array, target: Float32Array): void {
  const bits = bitsOf(target);
  const whole = source.length - (source.length % 4);
  // Four at a time take half the time of one at a time.
  for (let i = 0; i < whole; i += 4) {
    bits[i] = source[i]! << 16;
    bits[i + 1] = source[i + 1]! << 16;
    bits[i + 2] = source[i + 2]! << 16;
    bits[i + 3] = source[i + 3]! << 16;
  }
  for (let i = whole; i < source.length; i++) bits[i] = source[i]! << 16;
}
