import { createHash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { describe, expect, test } from '@jest/globals';
import { Rng } from '@agent-forge/contracts';
import { SeedBases } from './basis.js';
import { bruteForce, exponentOf, fitBlock, type BlockFit } from './brute-force.js';
import { KERNELS_SOURCE_DIGEST } from './kernels.wasm.js';
import { SeedSearch } from './search.js';
import { SEED_SHAPES } from './seedlm.js';

function gaussian(count: number, seed: number): Float64Array {
  const rng = Rng.derive(seed, 'blocks');
  return Float64Array.from({ length: count }, () => rng.normal());
}

function found(search: SeedSearch, weights: Float64Array, places?: number): BlockFit[] {
  const fits: BlockFit[] = [];
  search.search(weights, (fit) => fits.push(fit), places);
  return fits;
}

const SMALL = { block: 8, columns: 3, bits: 8 };

describe('the search', () => {
  test('is compiled from the source that is here', () => {
    const folder = new URL('../../kernels/', import.meta.url);
    const digest = createHash('sha256');
    for (const name of readdirSync(folder).sort()) digest.update(readFileSync(new URL(name, folder)));
    expect(digest.digest('hex')).toBe(KERNELS_SOURCE_DIGEST);
  });

  test.each([SMALL, { ...SMALL, block: 12, columns: 4 }])(
    'finds what trying every seed finds: all blocks, $block weights, 8 bits',
    (shape) => {
      const search = SeedSearch.of(shape);
      const weights = gaussian(400 * shape.block, 1);
      found(search, weights).forEach((fit, i) => {
        const best = bruteForce(search.bases, weights.subarray(i * shape.block, (i + 1) * shape.block));
        expect(fit.error).toBeCloseTo(best.error, 10);
        expect([fit.place, fit.exponent, fit.mantissas]).toEqual([best.place, best.exponent, best.mantissas]);
      });
    },
  );

  test.each(Object.entries(SEED_SHAPES))('finds what trying every seed finds: a sample of %s', (_, shape) => {
    const search = SeedSearch.of(shape);
    // Also blocks that are nothing like a Gaussian: one weight alone, all alike, and one that a steep basis would hold.
    const odd = [
      Float64Array.from({ length: shape.block }, (_, i) => (i === 3 ? 2.5 : 0)),
      new Float64Array(shape.block).fill(0.7),
      bases(shape, 5).map((x) => 3 * x),
    ];
    const blocks = [gaussian(shape.block * 3, 2), ...odd].flatMap((part) => [...part]);
    const weights = Float64Array.from(blocks);
    found(search, weights).forEach((fit, i) => {
      const best = bruteForce(search.bases, weights.subarray(i * shape.block, (i + 1) * shape.block));
      expect(fit.error).toBeCloseTo(best.error, 10);
      expect(fit.place).toBe(best.place);
    });
  });

  test('more seeds never make it worse', () => {
    const search = SeedSearch.of(SEED_SHAPES.seedlm4);
    const weights = gaussian(64 * 8, 3);
    const errors = [1, 16, 256, 4096, 65_535].map((places) => found(search, weights, places).map(({ error }) => error));
    for (let i = 1; i < errors.length; i++)
      expect(errors[i]!.every((error, block) => error <= errors[i - 1]![block]!)).toBe(true);
    const mean = (all: number[]) => all.reduce((a, b) => a + b, 0) / all.length;
    expect(mean(errors.at(-1)!)).toBeLessThan(mean(errors[0]!) / 10);
  });

  test('does not depend on what is searched with it', () => {
    const search = SeedSearch.of(SEED_SHAPES.seedlm4);
    const weights = gaussian(300 * 8, 4);
    const alone = Array.from({ length: 300 }, (_, i) => found(search, weights.slice(8 * i, 8 * i + 8))[0]);
    expect(found(search, weights)).toEqual(alone);
  });

  test('zeros have no coefficients', () => {
    const [fit] = found(SeedSearch.of(SEED_SHAPES.seedlm4), new Float64Array(8));
    expect(fit).toMatchObject({ mantissas: [0, 0, 0], error: 0 });
  });
});

/** Weights that lie in the span of one basis. */
function bases(shape: { block: number; columns: number; bits: number }, place: number): Float64Array {
  const basis = SeedBases.of(shape).basis(place);
  return Float64Array.from(
    { length: shape.block },
    (_, r) => basis[r * shape.columns]! - basis[r * shape.columns + 1]!,
  );
}

test('the exponent is the least whose codes reach', () => {
  for (const [largest, exponent] of [
    [7.5, 0],
    [7.500001, 1],
    [15, 1],
    [3.75, -1],
    [1e-9, -8],
    [1e9, 7],
    [0, -8],
  ] as const)
    expect([largest, exponentOf(largest)]).toEqual([largest, exponent]);
  const rng = Rng.derive(5, 'exponents');
  for (let i = 0; i < 1000; i++) {
    const largest = Math.exp(4 * rng.normal());
    const exponent = exponentOf(largest);
    if (exponent > -8) expect(largest).toBeGreaterThan(7.5 * 2 ** (exponent - 1));
    if (exponent < 7) expect(largest).toBeLessThanOrEqual(7.5 * 2 ** exponent);
  }
});

test('coefficients are rounded, not cut off: no code beside the chosen one fits its own coefficient better', () => {
  const table = SeedBases.of(SMALL);
  const weights = gaussian(8, 6);
  for (let place = 0; place < 255; place += 10) {
    const { exponent, mantissas } = fitBlock(table, place, weights);
    const inverse = table.inverse(place);
    mantissas.forEach((code, j) => {
      let exact = 0;
      for (let r = 0; r < 8; r++) exact += inverse[j * 8 + r]! * weights[r]!;
      if (Math.abs(exact / 2 ** exponent) < 7) expect(Math.abs(exact / 2 ** exponent - code)).toBeLessThanOrEqual(0.5);
    });
  }
});
