import { describe, expect, test } from '@jest/globals';
import { Rng } from '@agent-forge/contracts';
import type { WeightTensor } from '@agent-forge/model';
import type { Codec } from './codec.js';
import { CODEC_NAMES, codecOf } from './codecs.js';

const TERNARY = ['tq1', 'tq2', 'rans'];

/** Weights that a codec takes: ternary ones for those that take nothing else. */
function tensor(codec: string, shape: readonly number[], seed = 1): WeightTensor {
  const rng = Rng.derive(seed, 'weights');
  const value = () => (TERNARY.includes(codec) ? 0.25 * (rng.int(3) - 1) : 0.02 * rng.normal());
  return { shape, data: Float32Array.from({ length: shape.reduce((a, b) => a * b, 1) }, value) };
}

/** Stored and read back, with tables of the tensor itself where the codec has some. */
function roundTrip(codec: Codec, { shape, data }: WeightTensor): { bytes: Uint8Array; values: Float32Array } {
  const shared = codec.share?.([{ tensor: { shape, data } }]);
  const bytes = codec.encode({ shape, data }, shared ? { shared } : {});
  return { bytes, values: codec.decode(bytes, shape, shared) };
}

function relativeError(a: Float32Array, b: Float32Array): number {
  let [error, square] = [0, 0];
  for (let i = 0; i < a.length; i++) {
    error += (a[i]! - b[i]!) ** 2;
    square += b[i]! ** 2;
  }
  return Math.sqrt(error / square);
}

/** Root mean square error, in parts of the weights', that each must stay below on Gaussian weights (ternary ones lose nothing). */
const LARGEST_ERROR: Readonly<Record<string, number>> = {
  ...{ f32: 0, f16: 3e-4, int8: 0.006, int4: 0.09, tq1: 0, tq2: 0, rans: 0 },
  ...{ seedlm4: 0.13, seedlm3: 0.235, vq2: 0.32, vq3: 0.2 },
};

describe.each(CODEC_NAMES)('%s', (name) => {
  const codec = codecOf(name);

  test('stores as many bytes as its formula says, the same each time', () => {
    for (const shape of [[64, 96], [33, 7], [256]] as const) {
      const { bytes } = roundTrip(codec, tensor(name, shape));
      const expected = codec.sizeBytes(shape);
      if (expected !== null) expect(bytes.length).toBe(expected);
      expect(Buffer.compare(bytes, roundTrip(codec, tensor(name, shape)).bytes)).toBe(0);
    }
    if (codec.share) expect(codec.share([{ tensor: tensor(name, [64, 96]) }])).toHaveLength(codec.sharedBytes!);
  });

  test('loses no more than it must', () => {
    const weights = tensor(name, [64, 96]);
    const { values } = roundTrip(codec, weights);
    expect(values).toHaveLength(64 * 96);
    expect(relativeError(values, weights.data)).toBeLessThanOrEqual(LARGEST_ERROR[name]!);
  });

  test('has no memory: what it decoded, encoded and decoded once more loses nothing new to speak of', () => {
    const { shape, data } = tensor(name, [32, 48]);
    const once = roundTrip(codec, { shape, data }).values;
    expect(relativeError(once, data)).toBeLessThan(LARGEST_ERROR[name]! + 0.05);
    expect([...once].every(Number.isFinite)).toBe(true);
  });

  test('holds zeros, constants, single values and tails', () => {
    const zero = { shape: [5, 7], data: new Float32Array(35) };
    expect(roundTrip(codec, zero).values.every((x) => x === 0)).toBe(true);
    const constant = { shape: [3, 11], data: new Float32Array(33).fill(-0.5) };
    for (const x of roundTrip(codec, constant).values)
      expect(Math.abs(x + 0.5)).toBeLessThanOrEqual(0.5 * LARGEST_ERROR[name]! + 1e-3);
    const single = { shape: [1], data: Float32Array.of(0.25) };
    expect(Math.abs(roundTrip(codec, single).values[0]! - 0.25)).toBeLessThanOrEqual(
      0.25 * LARGEST_ERROR[name]! + 1e-3,
    );
  });

  test('refuses bytes of another length', () => {
    const { shape } = tensor(name, [16, 32]);
    const shared = codec.share?.([{ tensor: tensor(name, [16, 32]) }]);
    const { bytes } = roundTrip(codec, tensor(name, [16, 32]));
    for (const wrong of [bytes.subarray(0, bytes.length - 1), Buffer.concat([bytes, Buffer.from([1])])])
      expect(() => codec.decode(wrong, shape, shared)).toThrow(expect.objectContaining({ code: 'UNSUPPORTED_FORMAT' }));
  });
});

test('more bits never lose more', () => {
  const error = (name: string) => {
    const weights = tensor(name, [64, 96]);
    return relativeError(roundTrip(codecOf(name), weights).values, weights.data);
  };
  for (const [more, fewer] of [
    ['f32', 'f16'],
    ['f16', 'int8'],
    ['int8', 'int4'],
    ['seedlm4', 'seedlm3'],
    ['vq3', 'vq2'],
  ] as const)
    expect(error(more)).toBeLessThan(error(fewer));
});

test.each(TERNARY)('%s refuses weights that it would round', (name) => {
  const { shape, data } = tensor('int8', [16, 32]);
  expect(() => codecOf(name).encode({ shape, data })).toThrow(expect.objectContaining({ code: 'INVALID_ARGUMENT' }));
});

test('a codec that there is not is named', () => {
  expect(() => codecOf('zip')).toThrow('there is no codec zip, only f32');
});
