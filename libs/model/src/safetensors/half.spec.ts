import { describe, expect, test } from '@jest/globals';
import { fromBfloat16, fromFloat16, toBfloat16, toFloat16 } from './half.js';

const ALL = Uint16Array.from({ length: 0x10000 }, (_, bits) => bits);
const isNan16 = (bits: number): boolean => (bits & 0x7c00) === 0x7c00 && (bits & 0x3ff) !== 0;
const isNanBf = (bits: number): boolean => (bits & 0x7f80) === 0x7f80 && (bits & 0x7f) !== 0;

function rounded(convert: (source: Float32Array, target: Uint16Array) => void, ...values: number[]): number[] {
  const target = new Uint16Array(values.length);
  convert(Float32Array.from(values), target);
  return [...target];
}

describe.each([
  ['float16', fromFloat16, toFloat16, isNan16],
  ['bfloat16', fromBfloat16, toBfloat16, isNanBf],
])('%s', (_, from, to, isNan) => {
  const values = new Float32Array(0x10000);
  from(ALL, values);

  test('every value comes back with its bits, NaN as a NaN', () => {
    const bits = new Uint16Array(0x10000);
    to(values, bits);
    for (let i = 0; i < 0x10000; i++) {
      if (isNan(i)) expect(isNan(bits[i]!)).toBe(true);
      else if (bits[i] !== i) throw new Error(`${i} came back as ${bits[i]}`);
    }
  });

  test('between two neighbours the nearest is taken, and of a tie the even one', () => {
    // Neighbours of one sign in ascending order; the middle of two is exact in float32.
    const target = new Uint16Array(3);
    const infinity = ALL.find((b) => values[b] === Number.POSITIVE_INFINITY)!;
    for (let low = 0; low + 1 < infinity; low++) {
      const [a, b] = [values[low]!, values[low + 1]!];
      const middle = (a + b) / 2;
      const ulp = middle * 2 ** -23;
      to(Float32Array.of(middle, middle - ulp, middle + ulp), target);
      const even = low % 2 === 0 ? low : low + 1;
      // For the smallest subnormals of bfloat16 the middle itself has no neighbours left in float32.
      const exact = Math.fround(middle) === middle && Math.fround(middle - ulp) !== middle;
      if (!exact) continue;
      if (target[0] !== even || target[1] !== low || target[2] !== low + 1)
        throw new Error(`between ${a} and ${b}: ${target.join(', ')}`);
      to(Float32Array.of(-middle), target);
      if (target[0] !== (even | 0x8000)) throw new Error(`-${middle} became ${target[0]}`);
    }
  });

  test('reads into the buffer it is in', () => {
    const buffer = new ArrayBuffer(0x40000);
    new Uint16Array(buffer, 0x20000).set(ALL);
    const inPlace = new Float32Array(buffer);
    from(new Uint16Array(buffer, 0x20000), inPlace);
    expect(Buffer.compare(Buffer.from(inPlace.buffer), Buffer.from(values.buffer))).toBe(0);
  });
});

test('known bits', () => {
  // Integers above 2048 (float16) and 256 (bfloat16) are ties of odd and even.
  expect(rounded(toFloat16, 1, -2, 65504, 65519, 65520, 2 ** -24, 2 ** -25, 2049, 2051, 1e-30, -0)).toEqual([
    0x3c00, 0xc000, 0x7bff, 0x7bff, 0x7c00, 1, 0, 0x6800, 0x6802, 0, 0x8000,
  ]);
  expect(rounded(toBfloat16, 1, -2, 257, 259, 3.4e38, 3.4028234e38, -0, 1 / 3)).toEqual([
    0x3f80, 0xc000, 0x4380, 0x4382, 0x7f80, 0x7f80, 0x8000, 0x3eab,
  ]);
});
