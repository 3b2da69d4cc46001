import { expect, test } from '@jest/globals';
import { Rng } from '@agent-forge/contracts';
import { retention } from './retention.js';

const marks = (count: number, wrong: readonly number[]) =>
  Uint8Array.from({ length: count }, (_, i) => (wrong.includes(i) ? 0 : 1));

test('retention is the ratio of accuracies, and its interval knows that the items are the same', () => {
  const reference = { correct: marks(1650, [1, 2, 3]) };
  const same = retention(reference, reference, 1);
  expect(same).toEqual({ estimate: 1, low: 1, high: 1 });
  const { estimate, low, high } = retention({ correct: marks(1650, [1, 2, 3, 4, 5, 6, 7]) }, reference, 1);
  expect(estimate).toBeCloseTo(1643 / 1647, 12);
  expect(low).toBeGreaterThan(0.994);
  expect(high).toBeLessThanOrEqual(1);
});

test('of two halves that have nothing to do with each other the interval is as wide as theory says', () => {
  const rng = Rng.derive(1, 'marks');
  const draw = () => ({ correct: Uint8Array.from({ length: 2000 }, () => rng.int(2)) });
  const { low, high } = retention(draw(), draw(), 2);
  // A ratio of two means of .5 over 2,000 has a deviation of √(2/2000) = .032.
  expect((high - low) / (2 * 1.96)).toBeGreaterThan(0.026);
  expect((high - low) / (2 * 1.96)).toBeLessThan(0.038);
});

test('on text alone it is the part of the bits; one that is never right has nothing to lose', () => {
  const texts = (bits: number) => ({ texts: Array.from({ length: 20 }, () => ({ bits })) });
  expect(retention(texts(125), texts(100), 1).estimate).toBeCloseTo(0.8, 12);
  expect(retention({ correct: [0, 0] }, { correct: [0, 0] }, 1).estimate).toBe(1);
});
