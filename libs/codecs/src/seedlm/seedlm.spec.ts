import { expect, test } from '@jest/globals';
import { Rng } from '@agent-forge/contracts';
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

test('what is stored is 4 and 3 bits for a weight', () => {
  expect(seedlm('seedlm4', SEED_SHAPES.seedlm4).sizeBytes([1000, 96])).toBe(2 + 96_000 / 2);
  expect(seedlm('seedlm3', SEED_SHAPES.seedlm3).sizeBytes([1000, 96])).toBe(2 + (96_000 * 3) / 8);
});
