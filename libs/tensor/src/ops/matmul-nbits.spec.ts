import { describe, expect, test } from '@jest/globals';
import { describeMistakes } from '../testing/describe-op.js';
import { evaluate } from '../testing/evaluate.js';
import { integers, uniform } from '../testing/operand.js';
import { at, tabulate } from '../testing/plain.js';
import { matmulNBits } from './matmul-nbits.js';

/** Activations are rounded to 8 bits of the largest one in their block. */
const ROUNDING = 1 / 127;

describe.each([
  { bits: 2, blockSize: 128, inputs: 256, outputs: 128 },
  { bits: 4, blockSize: 32, inputs: 64, outputs: 24 },
] as const)('$bits bits', ({ bits, blockSize, inputs, outputs }) => {
  const blocks = inputs / blockSize;
  const perByte = 8 / bits;
  const x = uniform('x', [3, inputs]);
  const codes = integers('codes', [outputs, blocks, blockSize / perByte], 256, 'uint8');
  const scales = { ...uniform('scales', [outputs * blocks], [0.5, 1]), dtype: 'float32' as const };
  /** Element [n, k] of the weight. */
  const weight = (n: number, k: number): number => {
    const [block, place] = [Math.floor(k / blockSize), k % blockSize];
    const byte = at(codes, [n, block, Math.floor(place / perByte)]);
    const code = (byte >> (bits * (place % perByte))) & (2 ** bits - 1);
    return (code - 2 ** (bits - 1)) * scales.values[n * blocks + block]!;
  };

  test('gives the product with what the codes mean, up to the rounding of activations', async () => {
    const [y] = await evaluate(
      [x, codes, scales],
      ([a, b, c]) => matmulNBits(a!, b!, c!, { bits, blockSize, inputs }),
      'float32',
    );
    const sum = (term: (m: number, n: number, k: number) => number) =>
      tabulate([3, outputs], ([m, n]) =>
        Array.from({ length: inputs }, (_, k) => term(m!, n!, k)).reduce((a, b) => a + b),
      );
    const want = sum((m, n, k) => at(x, [m, k]) * weight(n, k));
    const size = sum((_, n, k) => 2 * Math.abs(weight(n, k)));
    y!.values.forEach((value, i) =>
      expect(Math.abs(value - want.values[i]!)).toBeLessThan(0.5 * ROUNDING * size.values[i]!),
    );
  });
});

const format = { bits: 2, blockSize: 128, inputs: 256 } as const;
const operands = [
  { ...uniform('x', [3, 256]), dtype: 'float32' as const },
  integers('codes', [8, 2, 32], 256, 'uint8'),
  { ...uniform('scales', [16]), dtype: 'float32' as const },
];
describeMistakes('matmulNBits', [
  {
    title: 'another width',
    operands,
    build: ([x, codes, scales]) => matmulNBits(x!, codes!, scales!, { ...format, inputs: 128 }),
    message: 'not 128 wide',
  },
  {
    title: 'codes of other bits',
    operands,
    build: ([x, codes, scales]) => matmulNBits(x!, codes!, scales!, { ...format, bits: 4 }),
    message: 'do not fit 2 blocks',
  },
]);
