import { expect, test } from '@jest/globals';
import { Rng } from '@agent-forge/contracts';
import { bruteForce } from './brute-force.js';
import { SeedSearch } from './search.js';
import { SEED_SHAPES } from './seedlm.js';

/** Published figures for Gaussian weights, and how far from them is still the same. */
const ANCHORS = { seedlm4: [0.1231, 0.002], seedlm3: [0.2257, 0.003] } as const;
/** Weights: a matrix of 512 by 512, and a few more to fill blocks. */
const COUNT = 12 * 21_846;
/** Blocks that every seed is tried on. */
const SAMPLE = 64;

test.each(Object.keys(ANCHORS) as (keyof typeof ANCHORS)[])(
  '%s has the published error on a whole matrix, and the search misses nothing',
  (name) => {
    const search = SeedSearch.of(SEED_SHAPES[name]);
    const { block } = SEED_SHAPES[name];
    const rng = Rng.derive(21, 'matrix');
    const weights = Float64Array.from({ length: COUNT - (COUNT % block) }, () => rng.normal());
    const errors: number[] = [];
    search.search(weights, ({ error }) => errors.push(error));
    const square = weights.reduce((sum, x) => sum + x * x, 0);
    const [published, tolerance] = ANCHORS[name];
    expect(Math.abs(Math.sqrt(errors.reduce((a, b) => a + b, 0) / square) - published)).toBeLessThan(tolerance);
    for (let i = 0; i < SAMPLE; i++)
      expect(errors[i]).toBeCloseTo(bruteForce(search.bases, weights.subarray(i * block, (i + 1) * block)).error, 10);
  },
);
