import { describe, expect, test } from '@jest/globals';
import { Rng } from '@agent-forge/contracts';
import { CmaEs, createSearch, CrossEntropy, SEARCH_ALGORITHMS, type Search, type SearchSettings } from './index.js';

type Objective = (x: readonly number[]) => number;
const sphere: Objective = (x) => x.reduce((sum, v) => sum + v * v, 0);
/** Condition number a million. */
const ellipsoid: Objective = (x) => x.reduce((sum, v, i) => sum + 10 ** ((6 * i) / (x.length - 1)) * v * v, 0);
const rosenbrock: Objective = (x) =>
  x.slice(1).reduce((sum, v, i) => sum + 100 * (v - x[i]! ** 2) ** 2 + (1 - x[i]!) ** 2, 0);

/** @returns evaluations until the best is below the target */
function solve(search: Search, objective: Objective, target: number, maxEvaluations: number): number {
  while (search.evaluations < maxEvaluations && !((search.best?.fitness ?? Infinity) < target))
    search.tell(search.ask().map(objective));
  return search.evaluations;
}

const settings = (n: number, more: Partial<SearchSettings> = {}): SearchSettings => ({
  start: Array.from({ length: n }, () => 1),
  sigma: 0.5,
  seed: 1,
  ...more,
});

describe('CMA-ES', () => {
  // Hansen's reference implementation takes about 1,800, 5,000 and 2,500 evaluations; twice that leaves room for luck.
  test.each([
    ['sphere', sphere, 10, 3_600],
    ['ellipsoid', ellipsoid, 10, 10_000],
    ['Rosenbrock', (x: readonly number[]) => rosenbrock(x.map((v) => v - 1)), 5, 10_000],
  ] as const)('solves %s to 1e-8', (_, objective, n, maxEvaluations) => {
    const search = new CmaEs(settings(n));
    expect(solve(search, objective, 1e-8, maxEvaluations)).toBeLessThan(maxEvaluations);
    expect(search.best!.fitness).toBeLessThan(1e-8);
    expect(objective(search.center)).toBeLessThan(1e-6);
  });

  test('takes about as many evaluations in a rotated space', () => {
    const rng = Rng.derive(5, 'rotation');
    const n = 5;
    const rows = Array.from({ length: n }, () => Array.from({ length: n }, () => rng.normal()));
    // Gram-Schmidt: a random rotation.
    rows.forEach((row, i) => {
      for (const other of rows.slice(0, i)) {
        const dot = row.reduce((sum, v, k) => sum + v * other[k]!, 0);
        row.forEach((_, k) => (row[k]! -= dot * other[k]!));
      }
      const length = Math.hypot(...row);
      row.forEach((_, k) => (row[k]! /= length));
    });
    const rotate = (x: readonly number[]) => rows.map((row) => row.reduce((sum, v, k) => sum + v * x[k]!, 0));
    const mean = (objective: Objective) =>
      [1, 2, 3, 4, 5, 6].reduce(
        (sum, seed) => sum + solve(new CmaEs(settings(n, { seed })), objective, 1e-8, 20_000),
        0,
      ) / 6;
    const ratio = mean((x) => ellipsoid(rotate(x))) / mean(ellipsoid);
    expect(ratio).toBeGreaterThan(0.75);
    expect(ratio).toBeLessThan(1.33);
  });

  test('beats a random search of the same budget by orders of magnitude', () => {
    const random = createSearch('random', settings(8));
    const cma = createSearch('cma-es', settings(8));
    solve(random, sphere, 0, 600);
    solve(cma, sphere, 0, 600);
    expect(cma.best!.fitness).toBeLessThan(0.01 * random.best!.fitness);
  });

  test('learns from what is not a number as from the worst', () => {
    const search = new CmaEs(settings(3));
    const objective: Objective = (x) => (x[0]! > 1 ? Number.NaN : sphere(x));
    solve(search, objective, 1e-6, 4_000);
    expect(search.best!.fitness).toBeLessThan(1e-6);
    const lost = new CmaEs(settings(3));
    lost.tell(lost.ask().map(() => Number.NaN));
    expect(lost.best).toBeUndefined();
  });
});

describe('the cross-entropy method', () => {
  test('finds the optimum of a quadratic within its bounds, and the nearest bound of one outside', () => {
    const objective: Objective = (x) => (x[0]! - 0.3) ** 2 + (x[1]! - 0.8) ** 2 + (x[2]! - 2) ** 2;
    const search = new CrossEntropy({ start: [0.5, 0.5, 0.5], sigma: 0.5, seed: 1, bounds: [0, 1] });
    for (let i = 0; i < 20; i++) {
      const genomes = search.ask();
      expect(genomes).toHaveLength(32);
      expect(genomes.flat().every((x) => x >= 0 && x <= 1)).toBe(true);
      search.tell(genomes.map(objective));
    }
    for (const [i, best] of [0.3, 0.8, 1].entries()) expect(Math.abs(search.center[i]! - best)).toBeLessThan(0.02);
  });

  test('draws around the best fifth', () => {
    const search = new CrossEntropy({ ...settings(1), population: 10 });
    const values = search.ask().map(([x]) => x!);
    search.tell(values);
    const [a, b] = values.sort((x, y) => x - y) as [number, number];
    expect(search.center[0]).toBeCloseTo((a + b) / 2, 12);
  });

  test('asks the same for the same seed, and something else for another', () => {
    const ask = (seed: number) => new CrossEntropy(settings(3, { seed })).ask();
    expect(ask(1)).toEqual(ask(1));
    expect(ask(2)).not.toEqual(ask(1));
  });
});

describe.each(SEARCH_ALGORITHMS)('%s', (algorithm) => {
  test('asks the same until it is told, and improves', () => {
    const search = createSearch(algorithm, settings(4));
    expect(search.ask()).toEqual(search.ask());
    search.tell(search.ask().map(sphere));
    const first = search.best!.fitness;
    solve(search, sphere, 0, 400);
    expect(search.best!.fitness).toBeLessThan(first);
    expect(sphere(search.best!.genome)).toBe(search.best!.fitness);
  });

  test('that goes on from a saved state, between asking and telling too, has the same trajectory to the last bit', () => {
    const whole = createSearch(algorithm, settings(6));
    const trail: unknown[] = [];
    let killed = createSearch(algorithm, settings(6));
    for (let generation = 0; generation < 12; generation++) {
      whole.tell(whole.ask().map(ellipsoid));
      trail.push(whole.state());
      killed.ask();
      // What was saved has been through JSON, as it would be in the log.
      const saved = JSON.parse(JSON.stringify(killed.state())) as ReturnType<Search['state']>;
      killed = createSearch(algorithm, settings(6), saved);
      killed.tell(killed.ask().map(ellipsoid));
      expect(killed.state()).toEqual(trail[generation]);
    }
    expect(killed.ask()).toEqual(whole.ask());
  });
});

test('the generational search keeps a population of eight apart', () => {
  const search = createSearch('generational', settings(4));
  for (let i = 0; i < 30; i++) {
    expect(search.ask()).toHaveLength(8);
    search.tell(search.ask().map(() => 0));
  }
  const genes = search.ask().map((genome) => genome[0]!);
  expect(Math.max(...genes) - Math.min(...genes)).toBeGreaterThan(0.05);
});

test.each([
  ['a search that nobody knows', () => createSearch('hill' as never, settings(2))],
  ['no parameters', () => new CmaEs(settings(0))],
  ['no spread', () => new CmaEs(settings(2, { sigma: 0 }))],
  ['a population of one', () => new CmaEs(settings(2, { population: 1 }))],
  ['the fitness of others', () => new CmaEs(settings(2)).tell([1])],
  ['a population of one, again', () => new CrossEntropy(settings(2, { population: 1 }))],
  ['the fitness of others, again', () => new CrossEntropy(settings(2)).tell([1])],
])('%s is refused', (_, make) => {
  expect(make).toThrow(expect.objectContaining({ code: 'INVALID_ARGUMENT' }));
});
