import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { Rng, type RngState } from './random.js';

const STATE_42_COGNATE_WQ = [1660227212, 41450824, 181269644, 2375721009];

const take = <T>(count: number, draw: () => T): T[] => Array.from({ length: count }, draw);

describe('xoshiro128**', () => {
  test('gives the outputs of the reference C code for the state 1, 2, 3, 4', () => {
    const rng = Rng.fromState([1, 2, 3, 4]);
    expect(take(10, () => rng.uint32())).toEqual([
      11520, 0, 5927040, 70819200, 2031721883, 1637235492, 1287239034, 3734860849, 3729100597, 4258142804,
    ]);
  });

  test('goes on from a stored state as if it had not stopped', () => {
    const rng = Rng.derive(7, 'resume');
    take(13, () => rng.normal());
    const stored = JSON.parse(JSON.stringify(rng.state())) as RngState;
    const rest = take(50, () => rng.float());
    const resumed = Rng.fromState(stored);
    expect(take(50, () => resumed.float())).toEqual(rest);
  });

  test.each([[[0, 0, 0, 0]], [[1, 2, 3]], [[1, 2, 3, -1]], [[1, 2, 3, 2 ** 32]], [[1, 2, 3, 0.5]], ['abcd']])(
    'refuses the state %j',
    (state) => {
      expect(() => Rng.fromState(state as unknown as RngState)).toThrow('four 32-bit words');
    },
  );
});

describe('derived streams', () => {
  test('are SHA-256 of the JSON array of seed and labels', () => {
    // printf '["42","cognate","wq"]' | sha256sum, first 16 bytes as little-endian words
    expect(Rng.derive(42, 'cognate', 'wq').state()).toEqual(STATE_42_COGNATE_WQ);
    expect(Rng.derive('42', 'cognate', 'wq').state()).toEqual(STATE_42_COGNATE_WQ);
  });

  test('do not run together at the borders of their labels', () => {
    const paths = [
      [1, 'ab', 'c'],
      [1, 'a', 'bc'],
      [1, 'abc'],
      [11, 'abc'],
      [1, 'ab"', 'c'],
      [1, 'ab","c'],
      [1],
    ] as const;
    const states = paths.map(([seed, ...labels]) =>
      Rng.derive(seed, ...labels)
        .state()
        .join(),
    );
    expect(new Set(states).size).toBe(paths.length);
  });

  test('refuse a seed that is not a number', () => {
    expect(() => Rng.derive(Number.NaN)).toThrow('finite');
  });
});

describe('distributions', () => {
  test('int is within its range, for small and for wide ranges', () => {
    fc.assert(
      fc.property(fc.integer(), fc.integer({ min: 1, max: Number.MAX_SAFE_INTEGER }), (seed, n) => {
        const value = Rng.derive(seed).int(n);
        expect(Number.isInteger(value) && value >= 0 && value < n).toBe(true);
      }),
    );
  });

  test.each([0, -1, 1.5, 2 ** 53, Number.NaN])('int refuses %d', (n) => {
    expect(() => Rng.derive(1).int(n)).toThrow('range');
  });

  test('int has no remainder bias where a plain remainder would double some values', () => {
    // Of 3·2^30 values a plain `uint32 % n` gives the lowest third twice as often as the rest: a half, not a third.
    const n = 3 * 2 ** 30;
    const rng = Rng.derive(1, 'bias');
    const draws = 30_000;
    const low = take(draws, () => rng.int(n)).filter((value) => value < 2 ** 30).length;
    expect(Math.abs(low / draws - 1 / 3)).toBeLessThan(0.015);
  });

  test('float fills [0, 1) evenly and uses its lowest bits', () => {
    const rng = Rng.derive(2, 'float');
    const values = take(100_000, () => rng.float());
    expect(values.every((value) => value >= 0 && value < 1)).toBe(true);
    const bins = Array.from({ length: 10 }, () => 0);
    for (const value of values) bins[Math.floor(value * 10)]! += 1;
    const chiSquare = bins.reduce((sum, count) => sum + (count - 10_000) ** 2 / 10_000, 0);
    expect(chiSquare).toBeLessThan(27.88); // 99.9th percentile with 9 degrees of freedom
    expect(values.some((value) => (value * 2 ** 53) % 2 === 1)).toBe(true);
  });

  test('normal has the moments of the standard normal', () => {
    const rng = Rng.derive(3, 'normal');
    const count = 100_000;
    const values = take(count, () => rng.normal());
    const moment = (power: number): number => values.reduce((sum, value) => sum + value ** power, 0) / count;
    expect(Math.abs(moment(1))).toBeLessThan(0.015);
    expect(Math.abs(moment(2) - 1)).toBeLessThan(0.02);
    expect(Math.abs(moment(3))).toBeLessThan(0.05);
    expect(Math.abs(moment(4) - 3)).toBeLessThan(0.15);
    expect(values.every(Number.isFinite)).toBe(true);
  });

  test('shuffle keeps every item and gives each order its share', () => {
    const rng = Rng.derive(4, 'shuffle');
    const counts = new Map<string, number>();
    for (let round = 0; round < 6000; round += 1) {
      const order = rng.shuffle(['a', 'b', 'c']).join('');
      counts.set(order, (counts.get(order) ?? 0) + 1);
    }
    expect([...counts.keys()].sort()).toEqual(['abc', 'acb', 'bac', 'bca', 'cab', 'cba']);
    for (const count of counts.values()) expect(Math.abs(count - 1000)).toBeLessThan(150);
  });

  test('pick reaches every item and refuses an empty list', () => {
    const rng = Rng.derive(5, 'pick');
    expect(new Set(take(100, () => rng.pick(['x', 'y', 'z'])))).toEqual(new Set(['x', 'y', 'z']));
    expect(() => rng.pick([])).toThrow('range');
  });
});
