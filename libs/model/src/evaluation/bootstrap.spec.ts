import { describe, expect, test } from '@jest/globals';
import { ForgeError, Rng } from '@agent-forge/contracts';
import { bootstrap, bootstrapMean, bootstrapPairedDifference, bootstrapShare } from './bootstrap.js';

const rng = Rng.derive(1, 'bootstrap.spec');
const normals = (count: number, mean = 0): number[] => Array.from({ length: count }, () => mean + rng.normal());
const marks = (count: number, share: number): number[] =>
  Array.from({ length: count }, () => (rng.float() < share ? 1 : 0));

describe('bootstrapMean', () => {
  test('agrees with the normal interval of a large sample', () => {
    const values = normals(2000, 5);
    const mean = values.reduce((sum, value) => sum + value, 0) / 2000;
    const spread = Math.sqrt(values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / 2000);
    const half = (1.96 * spread) / Math.sqrt(2000);
    const { estimate, low, high } = bootstrapMean(values, { seed: 1 });
    expect(estimate).toBeCloseTo(mean, 12);
    expect((mean - low) / half).toBeCloseTo(1, 1);
    expect((high - mean) / half).toBeCloseTo(1, 1);
  });

  test('covers the true accuracy about as often as it says', () => {
    let covered = 0;
    for (let round = 0; round < 300; round += 1) {
      const { low, high } = bootstrapMean(marks(100, 0.7), { seed: round, resamples: 199 });
      if (low <= 0.7 && high >= 0.7) covered += 1;
    }
    expect(covered / 300).toBeGreaterThan(0.92);
    expect(covered / 300).toBeLessThan(0.99);
  });

  test('leaves out the shares that its confidence says, on a statistic with known order', () => {
    // A single value: every resample is that value; two values 0 and 1: resampled means are 0, 1/2, 1 with 1/4, 1/2, 1/4.
    expect(bootstrapMean([3], { seed: 1 })).toEqual({ estimate: 3, low: 3, high: 3 });
    expect(bootstrapMean([0, 1], { seed: 1, confidence: 0.4 })).toEqual({ estimate: 0.5, low: 0.5, high: 0.5 });
    expect(bootstrapMean([0, 1], { seed: 1, confidence: 0.6 })).toEqual({ estimate: 0.5, low: 0, high: 1 });
  });

  test('is the same for the same seed, wider for more confidence', () => {
    const values = normals(50);
    const interval = bootstrapMean(values, { seed: 7 });
    expect(bootstrapMean(values, { seed: '7' })).toEqual(interval);
    expect(bootstrapMean(values, { seed: 8 })).not.toEqual(interval);
    const wide = bootstrapMean(values, { seed: 7, confidence: 0.99 });
    expect(wide.low).toBeLessThan(interval.low);
    expect(wide.high).toBeGreaterThan(interval.high);
  });
});

describe('bootstrapPairedDifference', () => {
  test('sees a small shift that the spread between items would hide', () => {
    const hard = normals(200).map((value) => 10 * value);
    const shifted = hard.map((value) => value + 0.3 + 0.5 * rng.normal());
    const paired = bootstrapPairedDifference(shifted, hard, { seed: 1 });
    expect(paired.low).toBeGreaterThan(0);
    expect(paired.estimate).toBeCloseTo(0.3, 0);
    const single = bootstrapMean(hard, { seed: 1 });
    expect((paired.high - paired.low) / (single.high - single.low)).toBeLessThan(0.1);
  });

  test('is exactly zero for the same values', () => {
    const values = normals(20);
    expect(bootstrapPairedDifference(values, values, { seed: 1 })).toEqual({ estimate: 0, low: 0, high: 0 });
  });

  test('refuses lists of different lengths', () => {
    expect(() => bootstrapPairedDifference([1, 2], [1], { seed: 1 })).toThrow('not 2 and 1');
  });
});

describe('bootstrap', () => {
  test('takes any statistic, such as a ratio over the same items', () => {
    const after = marks(500, 0.95);
    const before = marks(500, 0.96);
    const total = (values: number[], indices: Int32Array): number => indices.reduce((sum, i) => sum + values[i]!, 0);
    const ratio = bootstrap(500, (indices) => total(after, indices) / total(before, indices), { seed: 1 });
    expect(ratio.estimate).toBeCloseTo(after.reduce((a, b) => a + b) / before.reduce((a, b) => a + b), 12);
    expect(ratio.low).toBeLessThan(ratio.estimate);
    expect(ratio.high).toBeGreaterThan(ratio.estimate);
  });

  test.each([
    [[], {}, 'at least one value'],
    [[1], { confidence: 1 }, 'between 0 and 1'],
    [[1], { confidence: Number.NaN }, 'between 0 and 1'],
    [[1], { resamples: 10 }, '99 to 100000, not 10'],
    [[1], { resamples: 1e6 }, '99 to 100000'],
  ])('refuses %j with %j', (values, options, message) => {
    expect(() => bootstrapMean(values, { seed: 1, ...options })).toThrow(message);
    expect(() => bootstrapMean(values, { seed: 1, ...options })).toThrow(ForgeError);
  });
});

describe('bootstrapShare', () => {
  test('is the bootstrap where marks differ', () => {
    const values = marks(80, 0.6);
    expect(bootstrapShare(values, { seed: 1 })).toEqual(bootstrapMean(values, { seed: 1 }));
  });

  test('has the exact end where all are right or none is: at that rate a sample is all right in 2.5 % of cases', () => {
    const all = bootstrapShare(marks(200, 1), { seed: 1 });
    expect(all).toMatchObject({ estimate: 1, high: 1 });
    expect(all.low ** 200).toBeCloseTo(0.025, 12);
    expect(bootstrapShare(marks(200, 0), { seed: 1 })).toEqual({ estimate: 0, low: 0, high: 1 - all.low });
    expect(bootstrapShare([1], { seed: 1, confidence: 0.5 }).low).toBeCloseTo(0.25, 12);
  });
});
