import { describe, expect, test } from '@jest/globals';
import { constant, cosine, twoStage } from './schedule.js';

describe('cosine', () => {
  const schedule = cosine({ steps: 110, warmup: 10, floor: 0.1 });

  test.each([
    [1, 0.1],
    [10, 1],
    [35, 0.1 + 0.45 * (1 + Math.SQRT1_2)],
    [60, 0.55],
    [85, 0.1 + 0.45 * (1 - Math.SQRT1_2)],
    [110, 0.1],
  ])('at step %d is its closed form, %d', (step, want) => {
    expect(schedule(step)).toBeCloseTo(want, 14);
  });

  test('rises in the warm-up, falls after it, and stays at the floor beyond its end', () => {
    const factors = Array.from({ length: 110 }, (_, i) => schedule(i + 1));
    factors.forEach((f, i) => i > 0 && expect(Math.sign(f - factors[i - 1]!)).toBe(i < 10 ? 1 : -1));
    expect(schedule(1000)).toBeCloseTo(0.1, 14);
  });

  test('works without warm-up and for a single step', () => {
    expect(cosine({ steps: 4, floor: 0 })(2)).toBeCloseTo(0.5, 14);
    expect(cosine({ steps: 1, floor: 0.3 })(1)).toBeCloseTo(0.3, 14);
    expect(cosine({ steps: 1, warmup: 1 })(1)).toBe(1);
  });
});

test.each([
  [1, 0.1],
  [10, 1],
  [30, 0.8],
  [55, 0.55],
  [56, 0.54 * 0.5],
  [90, 0.2 * 0.5],
  [110, 0.05],
])('two stages: at step %d the factor is its closed form, %d', (step, want) => {
  expect(twoStage({ steps: 110, warmup: 10, floor: 0.05, drop: 0.5 })(step)).toBeCloseTo(want, 14);
});

test('constant is 1 at every step', () => {
  expect([1, 7, 1e6].map(constant())).toEqual([1, 1, 1]);
});
