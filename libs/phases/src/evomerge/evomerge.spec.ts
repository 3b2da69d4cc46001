import { readFile } from 'node:fs/promises';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import type { ArtifactName } from '@agent-forge/contracts';
import { CmaEs } from '@agent-forge/search';
import { evomerge } from '../registry.js';
import { tinyModel } from '../testing/tiny-model.js';
import { Workshop, type Done } from '../testing/workshop.js';
import type { Checkpoint, TaskOutput } from '../task.js';
import { startGenome, genomeForm, recipeOf } from './genome.js';
import { merge, readModels, storedModels, type Models } from './merge-models.js';
import { averageOf } from '../shared/average.js';

const ROLES = ['trunk', 'seed-letters', 'seed-order', 'generalist'];
const SEARCH = { evaluations: 12, population: 4, itemsPerFamily: 5, reportItemsPerFamily: 10 };

let workshop: Workshop;
let inputs: readonly ArtifactName[];
let read: Models;
let done: Done;
beforeAll(async () => {
  workshop = await Workshop.open({ up: 1, next: 1, copy: 1, sort: 1 });
  inputs = await Promise.all(ROLES.map((role, seed) => workshop.import(role, tinyModel(seed))));
  read = await readModels(workshop.artifacts, await storedModels(workshop.artifacts, inputs), workshop.dir);
  done = await workshop.run(evomerge, { params: SEARCH, inputs });
});
afterAll(() => workshop?.close());

describe('evomerge', () => {
  test('measures trunk, parents, controls, average and champion on the same items, and stores the champion', async () => {
    const { artifacts, metrics } = done.outcome;
    expect(artifacts.map(({ role }) => role)).toEqual(['merged', 'report']);
    const { rows, comparisons, verdicts } = await workshop.report(done.outcome);
    const names = [...ROLES, 'average', 'champion'];
    expect(rows.map(({ name }) => name)).toEqual(names);
    expect(comparisons.map(({ than }) => than)).toEqual(names.slice(0, -1));
    const accuracy = (name: string) => rows.find((row) => row.name === name)!.accuracy!.estimate;
    for (const { than, difference } of comparisons)
      expect(difference.estimate).toBeCloseTo(accuracy('champion') - accuracy(than), 10);
    expect(verdicts.length).toBeGreaterThan(2);
    const parents = inputs.filter(({ role }) => /^(trunk|seed-.*)$/.test(role)).map(({ id }) => id);
    const { lineage } = await workshop.artifacts.manifest(artifacts[0]!.id);
    expect(lineage).toMatchObject({ parents, phase: 'evomerge', metrics });
    expect(metrics['evaluations']).toBe(12);
  });

  test('that is killed after any generation goes on with the same trajectory to the same champion', async () => {
    const saved: Checkpoint[] = [];
    await workshop.run(evomerge, { params: SEARCH, inputs, onCheckpoint: (checkpoint) => saved.push(checkpoint) });
    expect(saved).toHaveLength(3);
    for (const at of [0, 1]) {
      const after: Checkpoint[] = [];
      const resumed = await workshop.run(evomerge, {
        params: SEARCH,
        inputs,
        // As it comes out of the log.
        checkpoint: JSON.parse(JSON.stringify(saved[at])) as Checkpoint,
        onCheckpoint: (checkpoint) => after.push(checkpoint),
      });
      expect(after).toEqual(saved.slice(at + 1));
      expect(resumed.outcome).toEqual(done.outcome);
    }
  });

  test('scores equal tensors once, whatever they were made from, and other tensors anew', async () => {
    const results = new Map<string, TaskOutput>();
    const first = await workshop.run(evomerge, { params: SEARCH, inputs, results });
    expect(first.taskRuns).toBeGreaterThanOrEqual(12);
    const importOf = (shift: number) => (role: string, i: number) =>
      workshop.import(role, tinyModel(i + shift), { phase: 'cognate', metrics: { trainings: 2 } });
    const twins = await Promise.all(ROLES.map(importOf(0)));
    for (const [i, { id }] of twins.entries()) expect(id).not.toBe(inputs[i]!.id);
    const second = await workshop.run(evomerge, { params: SEARCH, inputs: twins, results });
    expect(second.taskRuns).toBe(0);
    expect(second.outcome.metrics).toEqual(first.outcome.metrics);
    const others = await Promise.all(ROLES.map(importOf(10)));
    const third = await workshop.run(evomerge, { params: SEARCH, inputs: others, results });
    expect(third.taskRuns).toBe(first.taskRuns);
  });

  test('searches by other algorithms as well, in whole generations', async () => {
    const params = { ...SEARCH, algorithm: 'generational', evaluations: 9 };
    const { outcome } = await workshop.run(evomerge, { params, inputs });
    expect(outcome.metrics).toMatchObject({ evaluations: 8, generations: 1 });
  });

  test('does a plain recipe as it is', async () => {
    const models = ['seed-letters', 'seed-order'].map((model) => ({ model, parameters: { weight: 1 } }));
    const recipe = { merge_method: 'linear', models };
    const { outcome, taskRuns } = await workshop.run(evomerge, { params: { recipe, ...SEARCH }, inputs });
    expect(taskRuns).toBe(0);
    const { rows } = await workshop.report(outcome);
    const [average, champion] = rows.slice(-2);
    expect({ ...champion, name: '' }).toEqual({ ...average, name: '' });
  });

  test('has a fallback: the plain average', async () => {
    // As after a gate that was not passed: in the same folder.
    const run: typeof evomerge.run = async (context) => {
      await evomerge.run(context);
      return evomerge.fallback!.run(context);
    };
    const { outcome } = await workshop.run({ ...evomerge, run }, { params: SEARCH, inputs });
    expect(outcome.metrics['championAccuracy']).toBe(outcome.metrics['averageAccuracy']);
  });

  test('on text alone, scores by bits per byte and puts baselines beside it', async () => {
    const book = await readFile(new URL('../../../../recipes/data/emma.txt', import.meta.url), 'utf8');
    const [families, data] = [{}, [await workshop.dataSet('book', book.slice(0, 260_000))]];
    const params = { ...SEARCH, population: 2, evaluations: 4 };
    const { outcome } = await workshop.run(evomerge, { params, inputs, families, data });
    const { rows, comparisons, verdicts } = await workshop.report(outcome);
    const bits = (name: string) => rows.find((row) => row.name === name)!.bitsPerByte!;
    expect(rows.slice(0, 3).map(({ name }) => name)).toEqual(['one-gram', 'three-gram', 'trunk']);
    expect(bits('three-gram')).toBeLessThan(bits('one-gram'));
    for (const { than, difference } of comparisons)
      expect(difference.estimate).toBeCloseTo(bits(than) - bits('champion'), 10);
    expect(comparisons).toHaveLength(rows.length - 3);
    expect(verdicts.join()).toMatch(/bits per byte/);
    const best = Math.min(bits('seed-letters'), bits('seed-order'));
    expect(outcome.metrics['regression']).toBeGreaterThanOrEqual(bits('champion') - best - 1e-12);
  });

  test('does a recipe of models that cannot be averaged, and compares with no average then', async () => {
    const mixed = [inputs[1]!, await workshop.import('seed-order', tinyModel(1, { hidden_size: 24 }))];
    const slices = [{ sources: [{ model: 'seed-letters', layer_range: [0, 1] }] }];
    const params = { ...SEARCH, recipe: { merge_method: 'passthrough', slices } };
    const { outcome } = await workshop.run(evomerge, { params, inputs: mixed });
    const { rows } = await workshop.report(outcome);
    expect(rows.map(({ name }) => name)).toEqual(['seed-letters', 'seed-order', 'champion']);
    expect((await workshop.model(outcome, 'merged')).config.numLayers).toBe(1);
  });

  test.each([
    [{ merge_method: 'linear', models: [{ model: 'nobody', parameters: { weight: 1 } }] }, /names nobody; there are/],
    [{ merge_method: 'average', models: [] }, /average/],
    [{ models: [] }, /merge_method is missing/],
  ])('refuses the recipe %j', async (recipe, message) => {
    const refused = workshop.run(evomerge, { params: { recipe }, inputs });
    await expect(refused).rejects.toMatchObject({ code: 'INVALID_ARGUMENT', message: expect.stringMatching(message) });
  });

  test('stops when nothing is gained any more', async () => {
    const params = { ...SEARCH, evaluations: 600, patience: 1, sigma: 1e-9 };
    const { outcome } = await workshop.run(evomerge, { params, inputs });
    expect(outcome.metrics['generations']).toBeLessThan(20);
  });

  test('tells before any work what does not fit together, and that one model is none to merge', async () => {
    const mixed = [inputs[1]!, await workshop.import('seed-order', tinyModel(1, { hidden_size: 24 }))];
    const refused = workshop.run(evomerge, { params: SEARCH, inputs: mixed });
    await expect(refused).rejects.toMatchObject({ code: 'SHAPE_MISMATCH' });
    const alone = workshop.run(evomerge, { params: SEARCH, inputs: mixed.slice(0, 1) });
    await expect(alone).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' });
  });
});

describe('a genome', () => {
  const models = ['seed-letters', 'seed-order'];

  test('of equal weights is the plain average, with and without a base', async () => {
    const average = await averageOf(models.map((role) => read.get(role)!));
    const { config } = average;
    for (const base of ['trunk', undefined]) {
      const form = genomeForm('task_arithmetic', config, models, base);
      const merged = await merge(recipeOf(form, startGenome(form)), read);
      for (const [name, { data }] of average.weights) {
        const errors = merged.weights.get(name)!.data.map((value, i) => Math.abs(value - data[i]!));
        expect(Math.max(...errors)).toBeLessThan(1e-6);
      }
    }
  });

  test.each(['ties', 'dare_ties'])('of %s prunes where its densities say so', async (method) => {
    const { config } = read.get('trunk')!;
    const form = genomeForm(method, config, models, 'trunk');
    const start = startGenome(form);
    const mlp = 'model.layers.1.mlp.up_proj.weight';
    const kept = async (genome: number[]) => {
      const { weights } = await merge(recipeOf(form, genome), read);
      const base = read.get('trunk')!.weights.get(mlp)!.data;
      return weights.get(mlp)!.data.filter((value, i) => value !== base[i]).length;
    };
    const pruned = start.map((value, i) => (i % 2 === 1 ? 0.2 : value));
    expect(await kept(pruned)).toBeLessThan(0.5 * (await kept(start)));
  });

  test('has one weight for each model in each group, and few enough groups for a state that an event carries', () => {
    const groups = (layers: number, count: number, method = 'task_arithmetic') => {
      const form = genomeForm(
        method,
        { numLayers: layers },
        Array.from({ length: count }, (_, i) => `seed-${i}`),
        'trunk',
      );
      return { groups: form.groups.length, genes: startGenome(form).length };
    };
    expect(groups(2, 3)).toEqual({ groups: 5, genes: 15 });
    expect(groups(2, 3, 'ties')).toEqual({ groups: 5, genes: 30 });
    expect(groups(32, 3)).toEqual({ groups: 11, genes: 33 });
    const largest = groups(64, 4, 'ties').genes;
    expect(largest).toBeLessThanOrEqual(36);
    const search = new CmaEs({ start: Array.from({ length: largest }, (_, i) => i / 7), sigma: 0.1, seed: 1 });
    for (let i = 0; i < 20; i++) search.tell(search.ask().map(([first]) => first!));
    expect(JSON.stringify(search.state()).length).toBeLessThan(24 * 1024);
  });

  test('reaches only the tensors of its group', async () => {
    const { config } = read.get('trunk')!;
    const form = genomeForm('task_arithmetic', config, models, 'trunk');
    const start = startGenome(form);
    const plain = await merge(recipeOf(form, start), read);
    const changed = await merge(
      recipeOf(
        form,
        start.map((value, i) => (i === 2 ? value + 0.5 : value)),
      ),
      read,
    );
    const moved = [...plain.weights].filter(([name, { data }]) =>
      data.some((v, i) => v !== changed.weights.get(name)!.data[i]),
    );
    expect(moved.length).toBeGreaterThan(0);
    for (const [name] of moved) expect(name).toMatch(/^model\.layers\.0\.(mlp|post_attention_layernorm)/);
  });
});
