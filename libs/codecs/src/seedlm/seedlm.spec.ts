import { expect, test } from '@jest/globals';
import { Rng } from '@agent-forge/contracts';
import { scaleOf } from '../half.js';
import { SeedSearch } from './search.js';
import { SEED_SHAPES, seedlm } from './seedlm.js';

/** Gaussian weights of the size that a layer has. */
function gaussian(count: number, deviation: number): Float32Array {
  const rng = Rng.derive(11, 'anchor');
  return Float32Array.from({ length: count }, () => deviation * rng.normal());
}

function relativeError(name: keyof typeof SEED_SHAPES, data: Float32Array): number {
  const codec = seedlm(name, SEED_SHAPES[name]);
  const decoded = codec.decode(codec.encode({ shape: [data.length], data }), [data.length]);
  let [error, square] = [0, 0];
  for (let i = 0; i < data.length; i++) {
    error += (decoded[i]! - data[i]!) ** 2;
    square += data[i]! ** 2;
  }
  return Math.sqrt(error / square);
}

// The published figures for Gaussian weights are .1230 and .2257; nothing in here can be tuned towards them.
test('Gaussian weights have the published error, whatever their size', () => {
  for (const deviation of [1, 1e-4]) {
    const data = gaussian(12_000, deviation);
    expect(Math.abs(relativeError('seedlm4', data) - 0.1231)).toBeLessThan(0.002);
    expect(Math.abs(relativeError('seedlm3', data) - 0.2257)).toBeLessThan(0.003);
  }
});

test('decoding gives the values that the search reckoned with, and their error', () => {
  for (const [name, shape] of Object.entries(SEED_SHAPES)) {
    const data = gaussian(40 * shape.block + 5, 0.3);
    const codec = seedlm(name, shape);
    const decoded = codec.decode(codec.encode({ shape: [data.length], data }), [data.length]);
    const scale = scaleOf(data);
    const weights = new Float64Array(41 * shape.block);
    for (let i = 0; i < data.length; i++) weights[i] = data[i]! / scale;
    const { bases } = SeedSearch.of(shape);
    SeedSearch.of(shape).search(weights, ({ place, exponent, mantissas, error }, b) => {
      let found = 0;
      for (let r = 0; r < shape.block; r++) {
        const row = bases.basis(place).subarray(r * shape.columns, (r + 1) * shape.columns);
        const value = 2 ** exponent * row.reduce((sum, u, j) => sum + u * mantissas[j]!, 0);
        found += (weights[b * shape.block + r]! - value) ** 2;
        const i = b * shape.block + r;
        if (i < data.length) expect(decoded[i]).toBe(Math.fround(scale * value));
      }
      expect(found).toBeCloseTo(error, 12);
    });
  }
});

test('what is stored is 4 and 3 bits for a weight', () => {
  expect(seedlm('seedlm4', SEED_SHAPES.seedlm4).sizeBytes([1000, 96])).toBe(2 + 96_000 / 2);
  expect(seedlm('seedlm3', SEED_SHAPES.seedlm3).sizeBytes([1000, 96])).toBe(2 + (96_000 * 3) / 8);
});
