import { expect, test } from '@jest/globals';
import { Rng } from '@agent-forge/contracts';
import { kMeans, nearestCentroid, type Points } from './k-means.js';

function gaussian(count: number, length: number): Points {
  const rng = Rng.derive(1, 'points');
  return {
    length,
    values: Float64Array.from({ length: count * length }, () => rng.normal()),
    weights: Float64Array.from({ length: count }, () => 0.1 + rng.float()),
  };
}

test('the objective never rises', () => {
  const { objectives } = kMeans(gaussian(3000, 4), 32, Rng.derive(2, 'seeds'));
  expect(objectives.length).toBeGreaterThan(5);
  for (let i = 1; i < objectives.length; i++)
    expect(objectives[i]!).toBeLessThanOrEqual(objectives[i - 1]! * (1 + 1e-12));
});

test('as many centroids as different points leave no error', () => {
  const points = Array.from({ length: 8 }, (_, i) => [i, -i * i, 3 * i]);
  const values = Float64Array.from(Array.from({ length: 40 }, (_, i) => points[i % 8]!).flat());
  const { centroids, objectives } = kMeans(
    { length: 3, values, weights: new Float64Array(40).fill(1) },
    8,
    Rng.derive(3, 'seeds'),
  );
  expect(objectives.at(-1)).toBeLessThan(1e-18);
  const chosen = new Set(points.map((p) => nearestCentroid(centroids, 3, Float64Array.from(p), 0)));
  expect(chosen.size).toBe(8);
});

test('a point that weighs more draws its centroid', () => {
  const values = Float64Array.of(0, 1);
  const centroid = (weights: Float64Array) =>
    kMeans({ length: 1, values, weights }, 1, Rng.derive(4, 'seeds')).centroids[0];
  expect(centroid(Float64Array.of(1, 1))).toBeCloseTo(0.5, 12);
  expect(centroid(Float64Array.of(1, 3))).toBeCloseTo(0.75, 12);
});

test('the same seed gives the same centroids', () => {
  const run = () => kMeans(gaussian(500, 2), 16, Rng.derive(5, 'seeds')).centroids;
  expect(run()).toEqual(run());
});
