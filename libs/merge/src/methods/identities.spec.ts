import { describe, expect, test } from '@jest/globals';
import { maxDifference } from '../testing/mergekit-fixtures.js';
import { METHODS, gaussian, mergeValues, type MergeValues } from '../testing/merge-values.js';

const SHAPE = [24, 40];
const LENGTH = 24 * 40;
const a = gaussian(LENGTH, 'a');
const b = gaussian(LENGTH, 'b');
const c = gaussian(LENGTH, 'c');
const base = gaussian(LENGTH, 'base');
const ULP = 2 ** -23;
const MAX = Math.max(...a.map(Math.abs));

/** How often a method takes a model. */
const repeat = (name: string, most = 3): number =>
  Math.min(most, METHODS.find((method) => method.name === name)!.inputs.max);

const merge = (name: string, values: MergeValues): Float32Array => mergeValues(name, { shape: SHAPE, ...values });

describe('models that are all the same give that model:', () => {
  test.each([
    ['linear', { weight: 0.3 }],
    ['nuslerp', {}],
    ['multislerp', {}],
    ['karcher', {}],
    ['passthrough', {}],
    ['ties', {}],
    ['sce', {}],
    ['task_arithmetic', { weight: 1 / 3 }],
    ['model_stock', {}],
  ])('%s, whatever the base', (name, parameters) => {
    const inputs = Array.from({ length: repeat(name) }, () => a);
    const withBase = ['ties', 'sce', 'task_arithmetic', 'model_stock', 'nuslerp', 'multislerp'].includes(name);
    const merged = merge(name, { inputs, parameters, ...(withBase && { base }) });
    expect(maxDifference(merged, a)).toBeLessThanOrEqual(4 * ULP * MAX);
  });

  test.each(['slerp', 'nearswap', 'arcee_fusion'])('%s, where the base is that model too', (name) => {
    const merged = merge(name, { base: a, inputs: [a], parameters: { t: 0.4 } });
    expect(maxDifference(merged, a)).toBeLessThanOrEqual(2 * ULP * MAX);
  });

  test.each(METHODS.filter(({ base: use }) => use !== 'ignored').map(({ name }) => name))(
    '%s, where the base is that model, exactly or up to rounding',
    (name) => {
      const inputs = Array.from({ length: repeat(name) }, () => a);
      const parameters = { t: 0.3, density: 0.5, gamma: 0.1, epsilon: 0.1, weight: 0.7 };
      const merged = merge(name, { base: a, inputs, parameters });
      const linear = ['slerp', 'nuslerp', 'multislerp', 'model_stock', 'task_arithmetic', 'nearswap'];
      expect(maxDifference(merged, a)).toBeLessThanOrEqual(linear.includes(name) ? 2 * ULP * MAX : 0);
    },
  );

  test.each(['ties', 'dare_linear', 'dare_ties', 'della', 'della_linear', 'breadcrumbs'])(
    '%s does not where it drops values and the base is another',
    (name) => {
      const merged = merge(name, { base, inputs: [a, a], parameters: { density: 0.5, weight: 0.5, epsilon: 0.1 } });
      expect(maxDifference(merged, a)).toBeGreaterThan(0.1);
    },
  );
});

describe('slerp', () => {
  test('ends at the models', () => {
    expect(merge('slerp', { base: a, inputs: [b], parameters: { t: 0 } })).toEqual(a);
    expect(maxDifference(merge('slerp', { base: a, inputs: [b], parameters: { t: 1 } }), b)).toBeLessThan(1e-6);
  });

  test('golden values: unit vectors, unequal lengths, half a turn', () => {
    const half = (x: number[], y: number[]) => mergeValues('slerp', { base: x, inputs: [y], parameters: { t: 0.5 } });
    expect([...half([1, 0], [0, 1])]).toEqual([expect.closeTo(0.70710678, 7), expect.closeTo(0.70710678, 7)]);
    expect([...half([1, 0], [0, 2])]).toEqual([expect.closeTo(0.70710678, 7), expect.closeTo(1.41421356, 7)]);
    expect([...half([1, 0], [-1, 0])]).toEqual([0, 0]);
    expect([...half([0, 0], [0, 0])]).toEqual([0, 0]);
  });

  test('keeps the length of unit vectors and is symmetric', () => {
    const unit = (values: Float32Array) => values.map((x) => x / Math.hypot(...values));
    const [x, y] = [unit(a), unit(b)];
    const forth = merge('slerp', { base: x, inputs: [y], parameters: { t: 0.3 } });
    const back = merge('slerp', { base: y, inputs: [x], parameters: { t: 0.7 } });
    expect(Math.hypot(...forth)).toBeCloseTo(1, 6);
    expect(maxDifference(forth, back)).toBeLessThan(1e-7);
  });
});

describe('task arithmetic', () => {
  const with_ = (weights: number[], lambda: number) =>
    merge('task_arithmetic', {
      base,
      inputs: [a, b],
      parameters: { lambda },
      each: weights.map((weight) => ({ weight })),
    });
  test('is linear in its weights', () => {
    const [one, two, sum] = [with_([0.4, 0], 1), with_([0, 0.7], 1), with_([0.4, 0.7], 1)];
    const added = one.map((x, i) => x + two[i]! - base[i]!);
    expect(maxDifference(sum, added)).toBeLessThan(2e-6);
  });
  test('gives the base for λ 0, and the model for its weight 1', () => {
    expect(with_([0.4, 0.7], 0)).toEqual(base);
    expect(maxDifference(with_([1, 0], 1), a)).toBe(0);
  });
});

test.each(['linear', 'ties', 'sce', 'model_stock', 'karcher', 'multislerp', 'ram'])(
  '%s does not depend on the order of models',
  (name) => {
    const values = { parameters: { density: 0.6, select_topk: 0.5 }, ...(name !== 'linear' && { base }) };
    const forth = merge(name, { ...values, inputs: [a, b, c] });
    const back = merge(name, { ...values, inputs: [c, a, b] });
    expect(maxDifference(forth, back)).toBeLessThan(2e-6);
  },
);

describe('model stock with two task vectors of equal length goes this far from the base to the average:', () => {
  // t = N·cos / (1 + (N − 1)·cos) for the N = 2 vectors beside the base.
  test.each([
    [1, 1],
    [0.5, 2 / 3],
    [0, 0],
  ])('cosine %d', (cosine, t) => {
    const second = [cosine, Math.sqrt(1 - cosine ** 2)];
    const merged = mergeValues('model_stock', { base: [0, 0], inputs: [[1, 0], second] });
    expect([...merged]).toEqual([1, 0].map((x, i) => expect.closeTo((t * (x + second[i]!)) / 2, 6)));
  });

  test('golden values for three', () => {
    // Three unit vectors whose pairs all have this cosine, around the diagonal.
    for (const [cosine, t] of [
      [1, 1],
      [0.5, 0.75],
      [0, 0],
    ] as const) {
      const [diagonal, rest] = [Math.sqrt((1 + 2 * cosine) / 3), Math.sqrt((1 - cosine) * (2 / 3))];
      const inputs = [0, 1, 2].map((k) => [
        diagonal,
        rest * Math.cos((2 * Math.PI * k) / 3),
        rest * Math.sin((2 * Math.PI * k) / 3),
      ]);
      const merged = mergeValues('model_stock', { base: [0, 0, 0], inputs });
      expect([...merged]).toEqual([expect.closeTo(t * diagonal, 5), expect.closeTo(0, 5), expect.closeTo(0, 5)]);
    }
  });
});

test.each([
  [
    'only one model changed it',
    [
      [2, 0],
      [0, 0],
    ],
    [2, 0],
  ],
  [
    'several did',
    [
      [2, 1],
      [4, 3],
    ],
    [3, 2],
  ],
])('ram: %s', (_, inputs, expected) => {
  expect([...mergeValues('ram', { base: [0, 0], inputs })]).toEqual(expected);
});

test('ramplus_tl amplifies what is unique by the ratio of shared to unique elements, up to alpha', () => {
  // The first model has 2 elements alone and 1 shared, the second 1 alone and 1 shared.
  const values = {
    base: [0, 0, 0, 0],
    inputs: [
      [1, 1, 2, 0],
      [0, 0, 4, 1],
    ],
  };
  const at = (r: number, alpha: number) => [...mergeValues('ramplus_tl', { ...values, parameters: { r, alpha } })];
  expect(at(0.5, 10)).toEqual([1.25, 1.25, 3, 1.5]);
  expect(at(0.5, 0.2)).toEqual([expect.closeTo(1.1, 6), expect.closeTo(1.1, 6), 3, expect.closeTo(1.1, 6)]);
});

test('linear adds up any number of models', () => {
  const inputs = Array.from({ length: 11 }, (_, seed) => gaussian(40_000, seed));
  const merged = mergeValues('linear', { inputs, each: inputs.map((_, i) => ({ weight: i + 1 })) });
  const mean = inputs[0]!.map((_, j) => inputs.reduce((sum, input, i) => sum + (i + 1) * input[j]!, 0) / 66);
  expect(maxDifference(merged, mean)).toBeLessThan(1e-6);
});
