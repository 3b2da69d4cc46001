import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { asLazy, type LazyWeights } from '@agent-forge/model';
import { linear } from './linear.js';

const model = (tensors: Record<string, number[]>): LazyWeights =>
  asLazy(
    new Map(
      Object.entries(tensors).map(([name, data]) => [name, { shape: [data.length], data: Float32Array.from(data) }]),
    ),
  );

const values = async (merged: LazyWeights, name: string) => [...(await merged.read(name)).data];

describe('a linear merge', () => {
  const a = model({ x: [1, 2, 3], y: [-1] });
  const b = model({ x: [3, 2, -3], y: [1] });

  test('is the weighted average of every element, weights normalised', async () => {
    expect(await values(linear([a, b], [1, 1]), 'x')).toEqual([2, 2, 0]);
    expect(await values(linear([a, b], [3, 1]), 'x')).toEqual([1.5, 2, 1.5]);
    expect(await values(linear([a, b], [3, 1]), 'y')).toEqual([-0.5]);
    expect(await values(linear([a, b], [0, 5]), 'x')).toEqual([3, 2, -3]);
  });

  test('of one model, or of two equal ones, is that model, bit for bit', async () => {
    const data = fc.array(fc.float({ noNaN: true, noDefaultInfinity: true }), { minLength: 1, maxLength: 20 });
    await fc.assert(
      fc.asyncProperty(data, fc.double({ min: 0.1, max: 100, noNaN: true }), async (numbers, weight) => {
        const one = model({ x: numbers });
        const original = [...Float32Array.from(numbers)];
        expect(await values(linear([one], [weight]), 'x')).toEqual(original.map((value) => value + 0));
        expect(await values(linear([one, one], [weight, weight]), 'x')).toEqual(original.map((value) => value + 0));
      }),
      { seed: 11 },
    );
  });

  test('of models that do not fit says what does not', () => {
    const other = model({ x: [1, 2], z: [1] });
    expect(() => linear([a, other], [1, 1])).toThrow(
      expect.objectContaining({
        code: 'SHAPE_MISMATCH',
        message: expect.stringMatching(/x is \[3\] and \[2\].*y is \[1\] and \[missing\].*z is \[missing\] and \[1\]/),
      }),
    );
  });

  test.each([[[0, 0]], [[1]], [[1, 1, 1]]])('takes no weights like %j', (weights) => {
    expect(() => linear([a, b], weights)).toThrow(expect.objectContaining({ code: 'INVALID_ARGUMENT' }));
  });
});
