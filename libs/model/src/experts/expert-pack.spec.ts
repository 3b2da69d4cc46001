import { mkdtemp, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import { Rng } from '@agent-forge/contracts';
import { TERNARY_TRAINING } from '../ternary/mark.js';
import { initWeights } from '../training/init.js';
import { tinyConfig } from '../training/testing.js';
import type { Model } from '../weights.js';
import { applyExperts, routePrompts } from './apply-experts.js';
import { type Centroids, fitCentroids, nearestClass } from './centroids.js';
import {
  assertFits,
  type ExpertPack,
  type Mixture,
  mixtureScales,
  readExpertPack,
  type Router,
  weightsDigest,
  writeExpertPack,
} from './expert-pack.js';
import { promptStates } from './prompt-states.js';
import { decompose } from './svd.js';
import { initScales, type Scales } from './svf.js';

const config = tinyConfig();
const weights = initWeights(config, 1);
/** On the grid of half precision, as in a file. */
const scales = (value: number): Scales =>
  new Map([...initScales(decompose(weights))].map(([name, t]) => [name, { ...t, data: t.data.map(() => value) }]));
const centroids: Centroids = {
  classes: ['add', 'sort@end'],
  centers: Float32Array.of(1, 2, 3, 4.1),
  precision: Float32Array.of(1, 0.3),
};
const pack: ExpertPack = {
  base: weightsDigest(weights),
  experts: [
    { name: 'add', domains: ['add'], scales: scales(1.25) },
    { name: 'sort@end', domains: ['sort@end'], scales: scales(0.5) },
  ],
  router: { reading: 'last', centroids, expertOf: { add: 'add' } },
  mixtures: { add: { add: 0.75, 'sort@end': 0.25 } },
};
const place = async () => join(await mkdtemp(join(tmpdir(), 'agent-forge-pack-')), 'pack');

describe('an expert pack', () => {
  test('comes back from its folder as it was, two bytes a factor', async () => {
    const dir = await place();
    await writeExpertPack(dir, pack);
    const read = await readExpertPack(dir);
    const sorted = ({ experts, ...rest }: ExpertPack) => ({
      ...rest,
      experts: experts.map((each) => ({ ...each, scales: [...each.scales].sort() })),
    });
    expect(sorted(read)).toEqual(sorted(pack));
    const factors = [...scales(1).values()].reduce((sum, { data }) => sum + data.length, 0);
    const { size } = await stat(join(dir, 'experts.safetensors'));
    // The header names every tensor.
    expect(size).toBeLessThan(2 * (2 * factors + 14 * 160));
  });

  test('fits the weights that it was made of and no others, whatever is no matrix of a layer', () => {
    expect(() => assertFits(pack, weights)).not.toThrow();
    const renamed = new Map([...weights].reverse());
    renamed.set('model.norm.weight', { shape: [1], data: Float32Array.of(9) });
    expect(() => assertFits(pack, renamed)).not.toThrow();
    expect(() => assertFits(pack, initWeights(config, 2))).toThrow(expect.objectContaining({ code: 'SHAPE_MISMATCH' }));
  });

  test('mixes its experts by name', () => {
    expect(mixtureScales(pack, { add: 1 })).toEqual(pack.experts[0]!.scales);
    const both = mixtureScales(pack, { add: 1, 'sort@end': 0.5 });
    expect([...both.values()].every(({ data }) => data.every((z) => z === 1))).toBe(true);
    expect(() => mixtureScales(pack, { max: 1 })).toThrow('there is no expert max; there are add, sort@end');
  });

  test('is applied to its own model, which keeps the ternary mark, and to no other or packed one', async () => {
    const model = { config: { ...config, ternary: TERNARY_TRAINING }, weights, tokenizer: null };
    const applied = await applyExperts(model, pack, { add: 1 }, { threads: 1 });
    expect(applied.config).toBe(model.config);
    const name = 'model.layers.0.mlp.up_proj.weight';
    const [before, after] = [weights.get(name)!.data, applied.weights.get(name)!.data];
    for (const [i, x] of after.entries()) expect(Math.abs(x - 1.25 * before[i]!)).toBeLessThan(1e-6);
    const refused = (other: Model, mixture: Mixture = { add: 1 }) =>
      expect(applyExperts(other, pack, mixture, { threads: 1 })).rejects;
    await refused({ ...model, weights: initWeights(config, 2) }).toMatchObject({ code: 'SHAPE_MISMATCH' });
    await refused(model, { max: 1 }).toMatchObject({ code: 'INVALID_ARGUMENT' });
    const packed: Model = { ...model, config: { ...config, ternary: { ...TERNARY_TRAINING, mode: 'offline' } } };
    await refused(packed).toMatchObject({ code: 'INVALID_ARGUMENT' });
  });

  test('sends prompts to the expert of their class, and those of a class without one to nobody', async () => {
    const model = { config, weights, tokenizer: null };
    const prompts = [[1, 2, 3], [9], [1, 2, 4], [9, 9]];
    const states = await promptStates(model, prompts, { threads: 1 });
    const router: Router = {
      reading: 'mean',
      centroids: fitCentroids(
        states.map(({ mean }) => mean),
        ['add', 'copy', 'add', 'copy'],
      ),
      expertOf: { add: 'sums' },
    };
    expect(await routePrompts(model, router, prompts, { threads: 1 })).toEqual(['sums', undefined, 'sums', undefined]);
  });

  test('without a router has none, and another folder is no pack', async () => {
    const dir = await place();
    await writeExpertPack(dir, { base: pack.base, experts: pack.experts });
    expect(await readExpertPack(dir)).not.toHaveProperty('router');
    await writeFile(join(dir, 'experts.json'), '{"version": 2}');
    await expect(readExpertPack(dir)).rejects.toMatchObject({ code: 'UNSUPPORTED_FORMAT' });
  });
});

describe('centroids', () => {
  const rng = Rng.derive(1, 'centroids');
  /** Classes that differ in the first feature alone, beside one that is loud and means nothing. */
  const drawn = (of: number) => Float32Array.of(of + 0.1 * rng.normal(), 50 * rng.normal(), 7);
  const labels = Array.from({ length: 300 }, (_, i) => `class ${i % 3}`);

  test('tell planted classes apart on examples that they were not fitted to, by what varies least within them', () => {
    const fitted = fitCentroids(
      labels.map((_, i) => drawn(i % 3)),
      labels,
    );
    const right = labels.filter((label, i) => nearestClass(fitted, drawn(i % 3)) === label).length;
    expect(right / labels.length).toBeGreaterThan(0.95);
  });

  test('of examples that are all the same are numbers, and without any there are none', () => {
    const same = fitCentroids(
      [drawn(1), drawn(1)].map(() => Float32Array.of(1, 2)),
      ['a', 'b'],
    );
    expect([...same.precision].every(Number.isFinite)).toBe(true);
    expect(() => fitCentroids([], [])).toThrow(expect.objectContaining({ code: 'DATA_INVALID' }));
  });
});

test('the states of a prompt are those behind its last token and on average, whatever is read beside it', async () => {
  const model = { config, weights, tokenizer: null };
  const prompt = [3, 1, 4, 1, 5];
  const [alone] = await promptStates(model, [prompt], { threads: 1 });
  const [, beside] = await promptStates(model, [[2, 7, 1, 8, 2, 8, 1, 8, 2], prompt], { threads: 1 });
  const [prefix] = await promptStates(model, [prompt.slice(0, 1)], { threads: 1 });
  for (const reading of ['last', 'mean'] as const) {
    expect(alone![reading]).toHaveLength(config.hiddenSize);
    for (const [i, x] of alone![reading].entries()) expect(Math.abs(x - beside![reading][i]!)).toBeLessThan(1e-5);
  }
  expect(alone!.last).not.toEqual(alone!.mean);
  expect(prefix!.last).toEqual(prefix!.mean);
});
