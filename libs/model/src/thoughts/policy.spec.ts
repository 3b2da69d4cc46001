import { describe, expect, test } from '@jest/globals';
import { Rng } from '@agent-forge/contracts';
import { advantages, rewards } from './advantage.js';

/** A policy over thoughts of two tokens out of four, with independent logits, and an arbitrary reward for each of the 16. */
const SIZE = 4;
const rng = Rng.derive(7, 'policy');
const logits = [0, 1].map(() => Array.from({ length: SIZE }, () => rng.normal()));
const reward = Array.from({ length: SIZE * SIZE }, () => 2 + rng.normal());
const softmax = (values: number[]) => {
  const total = values.reduce((sum, value) => sum + Math.exp(value), 0);
  return values.map((value) => Math.exp(value) / total);
};
const p = logits.map(softmax);

/** ∂ log p(a, b) / ∂ logits, as one list. */
const score = (a: number, b: number) =>
  [a, b].flatMap((chosen, t) => p[t]!.map((q, id) => (id === chosen ? 1 : 0) - q));

/** Σ p · r · ∂ log p over all 16 thoughts. */
function exact(of: (reward: number) => number): number[] {
  const total = new Array<number>(2 * SIZE).fill(0);
  for (let a = 0; a < SIZE; a++)
    for (let b = 0; b < SIZE; b++)
      score(a, b).forEach((s, i) => (total[i]! += p[0]![a]! * p[1]![b]! * of(reward[a * SIZE + b]!) * s));
  return total;
}

function draw(from: number[]): number {
  let point = rng.float();
  const chosen = from.findIndex((q) => (point -= q) < 0);
  return chosen < 0 ? SIZE - 1 : chosen;
}

/** Mean and variance of the estimator over many draws of `passes` thoughts. */
function estimate(passes: number, clamp: boolean, draws: number) {
  const sums = new Array<number>(2 * SIZE).fill(0);
  const squares = new Array<number>(2 * SIZE).fill(0);
  for (let n = 0; n < draws; n++) {
    const thoughts = Array.from({ length: passes }, () => [draw(p[0]!), draw(p[1]!)] as const);
    const weighed = advantages(
      Float64Array.from(thoughts, ([a, b]) => reward[a * SIZE + b]!),
      { passes, clamp },
    );
    const gradient = new Array<number>(2 * SIZE).fill(0);
    thoughts.forEach(([a, b], i) => score(a, b).forEach((s, k) => (gradient[k]! += (weighed[i]! * s) / passes)));
    gradient.forEach((g, k) => {
      sums[k]! += g;
      squares[k]! += g * g;
    });
  }
  const mean = sums.map((sum) => sum / draws);
  const variance = squares.map((square, k) => square / draws - mean[k]! ** 2);
  return { mean, variance, standardError: variance.map((v) => Math.sqrt(v / draws)) };
}

describe('the policy gradient', () => {
  test.each([1, 2, 3])('with %d passes has the exact gradient as its mean', (passes) => {
    const { mean, standardError } = estimate(passes, false, 60_000);
    exact((r) => r).forEach((g, i) => expect(Math.abs(mean[i]! - g)).toBeLessThan(4 * standardError[i]!));
  });

  test('varies less with a baseline', () => {
    const total = (values: number[]) => values.reduce((a, b) => a + b);
    // At equal numbers of thoughts: twice as many draws of one pass.
    const without = total(estimate(1, false, 40_000).variance) / 2;
    expect(total(estimate(2, false, 20_000).variance)).toBeLessThan(0.8 * without);
  });

  test('clamped has another mean: that of the clamped objective', () => {
    const { mean, standardError } = estimate(1, true, 60_000);
    exact((r) => Math.max(0, r)).forEach((g, i) => expect(Math.abs(mean[i]! - g)).toBeLessThan(4 * standardError[i]!));
    const unclamped = exact((r) => r);
    const two = estimate(2, true, 60_000);
    expect(two.mean.some((g, i) => Math.abs(g - unclamped[i]!) > 4 * two.standardError[i]!)).toBe(true);
  });
});

test('a thought is worth what its talks cost less, on average over those that count', () => {
  const found = rewards([3, 2, 9, 1], [1, 1, 0, 4], [0, 0, 0, 1], [1, 1, 0, 1], 3);
  expect(Array.from(found)).toEqual([1.5, -3, 0]);
});
