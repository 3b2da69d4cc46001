import { mkdtemp, readFile, readdir, rm, stat, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { type Model, readModelFolder } from '@agent-forge/model';
import { type Finished, forge } from '../testing/command.js';
import { writeSmallModel } from '../testing/small-model.js';
import type { MergeSummary } from './merge.js';

let dir: string;
let parent: Model;
beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), 'forge-merge-'));
  parent = await writeSmallModel(join(dir, 'a'));
  await writeSmallModel(join(dir, 'b'), { rms_norm_eps: 1e-5 });
  await writeSmallModel(join(dir, 'wide'), { hidden_size: 48, num_hidden_layers: 3 });
  await writeSmallModel(join(dir, 'cut'));
  const weights = join(dir, 'cut/model.safetensors');
  await truncate(weights, (await stat(weights)).size - 100);
});
afterAll(() => rm(dir, { recursive: true, force: true }));

const linear = (...models: string[]) =>
  `merge_method: linear\nmodels:\n${models.map((model) => `  - model: ${model}\n    parameters: {weight: 1}\n`).join('')}`;

/** Writes a recipe and merges it into `out`. */
async function merge(recipe: string, ...options: string[]): Promise<Finished> {
  await writeFile(join(dir, 'recipe.yaml'), recipe);
  return forge(dir, 'merge', 'recipe.yaml', '--out', 'out', ...options);
}

describe('forge merge', () => {
  test('writes a model folder with the recipe and a card, in shards', async () => {
    const { code, stdout, stderr } = await merge(linear('a', 'b'), '--threads', '2', '--shard-size', '20kB', '--json');
    expect(stderr).toContain('note: rms_norm_eps is');
    expect(stderr).toMatch(/\[#+\] (\d+) of \1 tensors/);
    expect(code).toBe(0);
    const summary = JSON.parse(stdout) as MergeSummary;
    expect(summary).toMatchObject({ method: 'linear', tensors: parent.weights.size, notes: [expect.any(String)] });
    const files = await readdir(join(dir, 'out'));
    expect(files.filter((name) => name.endsWith('.safetensors')).length).toBeGreaterThan(1);
    expect(files).toEqual(
      expect.arrayContaining(['config.json', 'mergekit_config.yml', 'README.md', 'tokenizer.json']),
    );
    expect(await readFile(join(dir, 'out/mergekit_config.yml'), 'utf8')).toBe(linear('a', 'b'));
    // Both parents have the same weights, and so has their average.
    expect((await readModelFolder(join(dir, 'out'))).weights).toEqual(parent.weights);

    const again = await merge(linear('a', 'b'));
    expect([again.code, again.stdout]).toEqual([1, '']);
    expect(again.stderr).toContain(
      'out exists already and is not empty; choose another folder or remove it (FILE_EXISTS)',
    );
    await rm(join(dir, 'out'), { recursive: true });
  });

  test.each([
    ['YAML that is none', 'merge_method: linear\nmodels: [\n', /recipe\.yaml:3:1: .*INVALID_ARGUMENT/],
    [
      'an unknown method',
      'merge_method: liner\nmodels: [{model: a}]\n',
      /recipe\.yaml:1:15: there is no merge method "liner"; did you mean linear\?/,
    ],
    [
      'a missing weight',
      'merge_method: linear\nmodels:\n  - model: a\n  - model: b\n',
      /recipe\.yaml:3:12: weight is missing for a \(model\.embed/,
    ],
    ['an unknown key', 'merge_methd: linear\n', /recipe\.yaml:1:1: unknown key "merge_methd"/],
    [
      'a weight that is none',
      linear('a', 'b').replace('weight: 1', 'weight: much'),
      /recipe\.yaml:4:\d+: weight is "much"; it must be a number/,
    ],
    ['a folder that is not there', linear('a', 'nowhere'), /recipe\.yaml:5:12: there is no model folder nowhere/],
    [
      'models that do not fit',
      linear('a', 'wide'),
      /hidden_size is 32 in a, 48 in wide \(all tensors\); .*num_hidden_layers is 2 in a, 3 in wide/,
    ],
    ['weights that are cut off', linear('a', 'cut'), /cut.*SAFETENSORS_INVALID/],
  ])('refuses %s in one line and leaves nothing', async (_, recipe, line) => {
    const { code, stdout, stderr } = await merge(recipe);
    expect([code, stdout]).toEqual([1, '']);
    expect(stderr).toMatch(line);
    expect(stderr.trimEnd()).not.toContain('\n');
    expect((await readdir(dir)).sort()).toEqual(['a', 'b', 'cut', 'recipe.yaml', 'wide']);
  });
});
