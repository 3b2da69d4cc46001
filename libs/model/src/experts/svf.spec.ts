import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { EigenvalueDecomposition, Matrix } from 'ml-matrix';
import { Rng } from '@agent-forge/contracts';
import { isProjection } from '../adapters/lora.js';
import { SequenceScorer } from '../evaluation/sequence-scorer.js';
import { readModelFolder } from '../folder/read-model-folder.js';
import { isTernary, TERNARY_TRAINING } from '../ternary/mark.js';
import { quantiseTernary } from '../ternary/quantise-weights.js';
import { writePackedFolder } from '../ternary/write-packed-folder.js';
import { byteTokenizer } from '../tokenizer/byte-tokenizer.js';
import { initWeights } from '../training/init.js';
import { tinyConfig } from '../training/testing.js';
import type { Model, Weights, WeightTensor } from '../weights.js';
import { readDecomposition, writeDecomposition } from './decomposition-file.js';
import { ExpertMerger } from './expert-merger.js';
import { ExpertScorer } from './expert-scorer.js';
import { decompose, singularValues } from './svd.js';
import { initScales, mixScales, type Scales } from './svf.js';
import { ExpertLoss } from './testing.js';

const tokenizer = byteTokenizer();
const config = tinyConfig({ vocab_size: tokenizer.vocabSize, num_key_value_heads: 4 });
const weights = initWeights(config, 1);
const float: Model = { config, weights, tokenizer };
const ternary: Model = { ...float, config: { ...config, ternary: { ...TERNARY_TRAINING, scaleGrid: 'float32' } } };
const decomposition = decompose(weights);
const ones = initScales(decomposition);

const norm = ({ data }: WeightTensor) => Math.hypot(...data);
const apart = (a: WeightTensor, b: WeightTensor) => Math.hypot(...a.data.map((x, i) => x - b.data[i]!));
const filled = (value: (name: string, i: number) => number): Scales =>
  new Map([...ones].map(([name, t]) => [name, { ...t, data: t.data.map((_, i) => value(name, i)) }]));
/** Factors about 1, as a trained expert's. */
const random = (seed: number): Scales => {
  const rng = Rng.derive(seed, 'scales');
  return filled(() => 1 + 0.3 * rng.normal());
};
const matrix = ({ shape: [rows = 0, columns = 0], data }: WeightTensor) =>
  new Matrix(Array.from({ length: rows }, (_, r) => data.subarray(r * columns, (r + 1) * columns)));

let merger: ExpertMerger;
beforeAll(async () => {
  merger = await ExpertMerger.create(weights, decomposition, ones, { threads: 1 });
});
afterAll(() => merger.release());

describe('singular values', () => {
  const rng = Rng.derive(1, 'matrices');
  const drawn = (rows: number, columns: number): WeightTensor => ({
    shape: [rows, columns],
    data: Float32Array.from({ length: rows * columns }, () => rng.normal()),
  });
  const flat = drawn(12, 3);
  const deficient: WeightTensor = {
    shape: [12, 12],
    data: Float32Array.from(matrix(flat).mmul(matrix(flat).transpose()).to1DArray()),
  };

  test.each([
    ['tall', drawn(20, 12)],
    ['wide', drawn(12, 20)],
    ['square', drawn(16, 16)],
    ['of low rank', deficient],
    // Its singular values reach from 1 to 1e-11: eigenvectors of its square alone lose the smaller half of them.
    ['nearly of low rank', { shape: [12, 12], data: drawn(12, 12).data.map((x, i) => x * 10 ** -(i % 12)) }],
    ['zero', { shape: [6, 4], data: new Float32Array(24) }],
  ])('of a matrix that is %s: orthonormal, sorted, and the matrix again', (_, tensor) => {
    const { u, sigma, vT } = singularValues(tensor);
    const rank = Math.min(...tensor.shape);
    for (const gram of [matrix(u).transpose().mmul(matrix(u)), matrix(vT).mmul(matrix(vT).transpose())])
      expect(Matrix.sub(gram, Matrix.eye(rank)).norm()).toBeLessThan(1e-5);
    expect([...sigma.data]).toEqual([...sigma.data].sort((a, b) => b - a));
    const again = matrix(u)
      .mmul(Matrix.diag([...sigma.data]))
      .mmul(matrix(vT));
    expect(Matrix.sub(again, matrix(tensor)).norm()).toBeLessThanOrEqual(1e-6 * norm(tensor));
    const eigenvalues = new EigenvalueDecomposition(matrix(tensor).transpose().mmul(matrix(tensor)), {
      assumeSymmetric: true,
    }).realEigenvalues
      .sort((a, b) => b - a)
      .slice(0, rank);
    for (const [i, value] of eigenvalues.entries())
      expect(Math.abs(sigma.data[i]! ** 2 - value)).toBeLessThan(1e-5 * (eigenvalues[0]! + 1e-9));
  });

  test('come back from their file', async () => {
    const path = join(await mkdtemp(join(tmpdir(), 'agent-forge-svd-')), 'decomposition.safetensors');
    await writeDecomposition(path, decomposition);
    expect(new Map([...(await readDecomposition(path))].sort())).toEqual(new Map([...decomposition].sort()));
  });
});

describe('scaled singular values', () => {
  const scaledOnly = (found: Weights, wanted: (base: WeightTensor) => (x: number) => number) => {
    for (const [name, tensor] of weights) {
      if (!isProjection(name)) expect(found.get(name)).toBe(tensor);
      else
        expect(apart(found.get(name)!, { ...tensor, data: tensor.data.map(wanted(tensor)) })).toBeLessThan(
          1e-6 * norm(tensor),
        );
    }
  };

  test('of 1 are the very weights; of c they are c times the weights', async () => {
    expect(await merger.weights(ones)).toEqual(weights);
    for (const c of [0, 0.5, 2]) scaledOnly(await merger.weights(filled(() => c)), () => (x) => c * x);
  });

  test('change the weights linearly', async () => {
    const [a, b] = [random(1), random(2)];
    const mixed = filled((name, i) => 0.25 * a.get(name)!.data[i]! + 0.75 * b.get(name)!.data[i]!);
    const [ofA, ofB, ofMixed] = [await merger.weights(a), await merger.weights(b), await merger.weights(mixed)];
    for (const name of ones.keys()) {
      const expected = ofA.get(name)!.data.map((x, i) => 0.25 * x + 0.75 * ofB.get(name)!.data[i]!);
      const { shape } = ofA.get(name)!;
      expect(apart({ shape, data: expected }, ofMixed.get(name)!)).toBeLessThan(1e-6 * norm(ofMixed.get(name)!));
    }
  });

  test('a mixture of one expert alone is that expert to the last bit, and a mixture of none the model itself', async () => {
    const [a, b] = [random(1), random(2)];
    const mix = (x: number, y: number) =>
      mixScales([
        { scales: a, alpha: x },
        { scales: b, alpha: y },
      ]);
    expect(await merger.weights(mix(1, 0))).toEqual(await merger.weights(a));
    expect(await merger.weights(mix(0, 1))).toEqual(await merger.weights(b));
    expect(await merger.weights(mix(0, 0))).toEqual(weights);
    expect(await merger.weights(mix(0.5, 0.5))).not.toEqual(weights);
  });

  test('of the largest ones alone leave the others as they are', async () => {
    const top = initScales(decomposition, 3);
    const few = await ExpertMerger.create(weights, decomposition, top, { threads: 1 });
    const none = new Map([...top].map(([name, t]) => [name, { ...t, data: t.data.map(() => 0) }]));
    const found = await few.weights(none);
    await few.release();
    for (const [name, { sigma }] of decomposition) {
      const rest = singularValues(found.get(name)!).sigma.data;
      for (let i = 0; i + 3 < sigma.data.length; i++)
        expect(Math.abs(rest[i]! - sigma.data[i + 3]!)).toBeLessThan(1e-5);
    }
  });
});

describe('training scales', () => {
  const LENGTH = 6;
  const ids = Array.from({ length: LENGTH + 1 }, (_, i) => (7 * i + 3) % 40);
  const batch = {
    ...{ rows: 1, length: LENGTH, inputIds: ids.slice(0, -1), targets: ids.slice(1) },
    weights: ids.slice(1).map(() => 1 / LENGTH),
  };
  /** Half the distance of the two points of a central difference. */
  const STEP = 1e-5;

  test('their gradient is the central difference of the loss, element by element', async () => {
    const at = random(3);
    const loss = await ExpertLoss.create(float, decomposition, at, batch);
    const z = new Map([...at].map(([name, t]) => [name, Float64Array.from(t.data)]));
    const { gradient } = await loss.run(z, batch);
    for (const [name, values] of z) {
      const largest = Math.max(...gradient.get(name)!.map(Math.abs));
      for (let i = 0; i < values.length; i += 5) {
        const moved = async (by: number) => {
          const there = values.map((x, k) => (k === i ? x + by : x));
          return (await loss.run(new Map([...z, [name, there]]), batch)).loss;
        };
        const difference = ((await moved(STEP)) - (await moved(-STEP))) / (2 * STEP);
        expect(Math.abs(gradient.get(name)![i]! - difference)).toBeLessThan(1e-5 * largest + 1e-10);
      }
    }
    await loss.release();
  });

  test.each([
    ['float', float],
    ['ternary', ternary],
  ])('one session for many experts says of a %s model what its merged weights say', async (_, model) => {
    const scales = random(4);
    const many = await ExpertScorer.create(model, decomposition, ones, { threads: 1 });
    const [beside] = await many.of(scales).score([ids]);
    const [none] = await many.of(ones).score([ids]);
    await many.release();
    const scorer = await SequenceScorer.create({ ...model, weights: await merger.weights(scales) }, { threads: 1 });
    const [merged] = await scorer.score([ids]);
    await scorer.release();
    expect(apartOf(beside!.nll, merged!.nll)).toBeLessThan(1e-4);
    expect(apartOf(none!.nll, merged!.nll)).toBeGreaterThan(1e-3);
  });
});

const apartOf = (a: Float32Array, b: Float32Array) => Math.max(...a.map((x, i) => Math.abs(x - b[i]!)));

test('a ternary model with an expert in its weights is exported as ternary as it was', async () => {
  const expert: Model = { ...ternary, weights: await merger.weights(random(5)) };
  const dir = await mkdtemp(join(tmpdir(), 'agent-forge-expert-'));
  await writePackedFolder(join(dir, 'packed'), expert);
  const { config: mark, weights: read } = await readModelFolder(join(dir, 'packed'));
  expect(mark.ternary?.mode).toBe('offline');
  let changed = 0;
  for (const [name, tensor] of read) {
    if (!isTernary(name)) continue;
    const { codes, scales } = quantiseTernary(expert.weights.get(name)!, ternary.config.ternary!);
    expect(new Set(codes).size).toBe(3);
    for (const [i, x] of tensor.data.entries()) expect(Math.abs(x - codes[i]! * scales[0]!)).toBeLessThan(1e-6);
    const before = quantiseTernary(weights.get(name)!, ternary.config.ternary!).codes;
    changed += codes.filter((code, i) => code !== before[i]).length;
  }
  expect(changed).toBeGreaterThan(0);
});
