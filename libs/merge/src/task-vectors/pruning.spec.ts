import { describe, expect, test } from '@jest/globals';
import { gaussian, mergeValues } from '../testing/merge-values.js';
import { maxDifference } from '../testing/mergekit-fixtures.js';

const ZERO = [0, 0, 0, 0, 0];
/** Hand vectors of the reference (golden.json, "ties"). */
const DELTAS = [
  [4, -1, 0.5, 0, 2],
  [-3, 2, 0.5, 1, -2],
  [1, 3, -2, 0.1, 1],
];

describe('TIES', () => {
  test.each([
    [[1, 1, 1], 1, true, [2.5, 2.5, -2, 0.55, 1.5]],
    [[1, 1, 1], 0.6, true, [2.5, 2.5, -2, 0, 2]],
    [[1, 2, 0.5], 1, true, [-3, 2.2, 0.5, 0.82, -2]],
    [[1, 2, 0.5], 1, false, [-6, 5.5, 1.5, 2.05, -4]],
  ])('weights %p, density %d, normalize %p', (weights, density, normalize, expected) => {
    const each = weights.map((weight) => ({ weight }));
    const merged = mergeValues('ties', { base: ZERO, inputs: DELTAS, each, parameters: { density, normalize } });
    expect([...merged]).toEqual(expected.map((x) => expect.closeTo(x, 6)));
  });

  test('scales with its task vectors', () => {
    const inputs = [1, 2, 3].map((seed) => gaussian(5000, seed));
    const at = (factor: number) =>
      mergeValues('ties', {
        base: new Float32Array(5000),
        inputs: inputs.map((input) => input.map((x) => x * factor)),
        parameters: { density: 0.3 },
      });
    expect(at(8)).toEqual(at(1).map((x) => 8 * x));
  });

  test('keeps one value at least, none for density 0', () => {
    const inputs = [[1, 3, 2]];
    const at = (density: number) => [...mergeValues('ties', { base: [0, 0, 0], inputs, parameters: { density } })];
    expect([at(0.1), at(0), at(-1)]).toEqual([
      [0, 3, 0],
      [0, 0, 0],
      [0, 0, 0],
    ]);
  });

  const length = 2 ** 17 + 5;
  /** Where the sample looks that the selection begins with. */
  const sampled = (i: number): boolean => i % Math.floor((length - 16) / 1023) < 16;
  test.each([
    ['values of all sizes', (x: number) => x],
    ['rows of very different scale', (x: number, i: number) => x * 2 ** -Math.floor(i / 8192)],
    ['zeros wherever the sample looks, which misleads it', (x: number, i: number) => (sampled(i) ? 0 : x)],
    ['many equal magnitudes', (x: number) => Math.round(x * 2) / 2],
    ['mostly zeros', (x: number, i: number) => (i % 50 === 0 ? x : 0)],
  ])('keeps exactly the largest of a long vector: %s', (_, change) => {
    const input = gaussian(length, 5).map(change);
    const kept = Math.trunc(0.37 * length);
    const merged = mergeValues('ties', {
      base: new Float32Array(length),
      inputs: [input],
      parameters: { density: 0.37 },
    });
    const order = [...input.keys()].sort((i, j) => Math.abs(input[j]!) - Math.abs(input[i]!) || i - j);
    const expected = new Float32Array(length);
    for (const i of order.slice(0, kept)) expected[i] = input[i]!;
    expect(maxDifference(merged, expected)).toBe(0);
  });
});

describe('DARE', () => {
  const d = [1, -2, 0.5, 4, -0.25, 3];
  const draw = (seed: number, rescale: string | boolean, density = 0.4) =>
    mergeValues('dare_linear', { base: d.map(() => 0), inputs: [d], parameters: { density, rescale }, seed });

  test('with inverse_density has the task vector as its mean over 4000 seeds', () => {
    const seeds = 4000;
    const sum = new Float64Array(d.length);
    for (let seed = 0; seed < seeds; seed++) for (const [i, x] of draw(seed, 'inverse_density').entries()) sum[i]! += x;
    for (const [i, x] of d.entries()) {
      // A value is x / p with probability p, so its deviation is |x|·√((1 − p) / p).
      const error = (Math.abs(x) * Math.sqrt(0.6 / 0.4)) / Math.sqrt(seeds);
      expect(Math.abs(sum[i]! / seeds - x)).toBeLessThan(4 * error);
    }
  });

  test('keeps a binomial number of values, the same for the same seed', () => {
    const [length, p] = [100_000, 0.3];
    const at = (seed: number) =>
      mergeValues('dare_linear', {
        base: new Float32Array(length),
        inputs: [new Float32Array(length).fill(1)],
        parameters: { density: p, rescale: false },
        seed,
      });
    const kept = at(1).filter((x) => x !== 0).length;
    expect(Math.abs(kept - length * p)).toBeLessThan(4 * Math.sqrt(length * p * (1 - p)));
    expect(at(1)).toEqual(at(1));
    expect(at(1)).not.toEqual(at(2));
  });

  test.each(['dare_linear', 'della_linear'])('%s with l1 keeps the sum of magnitudes', (name) => {
    const input = gaussian(40_000, 9);
    const sum = (values: Float32Array) => values.reduce((total, x) => total + Math.abs(x), 0);
    const merged = mergeValues(name, {
      base: new Float32Array(input.length),
      inputs: [input],
      parameters: { density: 0.3, rescale: true },
      shape: [200, 200],
    });
    expect(sum(merged) / sum(input)).toBeCloseTo(1, 6);
    expect(merged.filter((x) => x === 0).length).toBeGreaterThan(input.length / 2);
  });

  test('of density 1 changes nothing', () => {
    expect([...draw(3, true, 1)]).toEqual(d);
  });
});

describe('DELLA', () => {
  test('keeps large values of a row more often, from density − epsilon to density + epsilon', () => {
    const [rows, columns] = [4000, 5];
    const row = [0.1, 0.2, 0.3, 0.4, 0.5];
    const input = Float32Array.from({ length: rows * columns }, (_, i) => row[i % columns]!);
    const merged = mergeValues('della_linear', {
      base: new Float32Array(input.length),
      inputs: [input],
      parameters: { density: 0.5, epsilon: 0.2, rescale: false },
      shape: [rows, columns],
    });
    const kept = row.map((_, j) => merged.filter((x, i) => i % columns === j && x !== 0).length / rows);
    for (const [j, share] of kept.entries()) {
      const p = 0.3 + 0.1 * j;
      expect(Math.abs(share - p)).toBeLessThan(4 * Math.sqrt((p * (1 - p)) / rows));
    }
  });

  test('of rows of one value is finite', () => {
    const merged = mergeValues('della', {
      base: [0, 0],
      inputs: [[1, 2]],
      parameters: { density: 0.5 },
      shape: [2, 1],
    });
    expect(merged.every(Number.isFinite)).toBe(true);
  });
});

describe('breadcrumbs', () => {
  test('keeps exactly ⌊density · n⌋ values, for n from 1 to 300', () => {
    for (let n = 1; n <= 300; n++) {
      const merged = mergeValues('breadcrumbs', {
        base: new Float32Array(n),
        inputs: [gaussian(n, n)],
        parameters: { density: 0.7, gamma: 0.05 },
      });
      expect(merged.filter((x) => x !== 0).length).toBe(Math.trunc(0.7 * n));
    }
  });

  test('drops the largest first, and fewer of them where both do not fit', () => {
    const input = [1, 2, 3, 4, 5, 6, 7, 8, 9, 10];
    const at = (density: number, gamma: number) => [
      ...mergeValues('breadcrumbs', { base: input.map(() => 0), inputs: [input], parameters: { density, gamma } }),
    ];
    expect(at(0.5, 0.2)).toEqual([0, 0, 0, 4, 5, 6, 7, 8, 0, 0]);
    expect(at(0.9, 0.3)).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9, 0]);
  });
});
