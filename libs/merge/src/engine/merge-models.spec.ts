import { describe, expect, test } from '@jest/globals';
import { readModelFolder } from '@agent-forge/model';
import { memorySource } from '../plan/source.js';
import { mergeRecipeOf } from '../recipe/read-recipe.js';
import { expectedOf, maxDifference, modelPath, readAll } from '../testing/mergekit-fixtures.js';
import { mergeModels } from './merge-models.js';

const weighted = (model: string, weight: number) => ({ model, parameters: { weight } });
const RECIPE = { merge_method: 'linear', models: [weighted('a', 0.5), weighted('b', 0.3), weighted('c', 0.4)] };

async function sources(...names: string[]) {
  const entries = names.map(
    async (name) => [name, memorySource(name, await readModelFolder(modelPath(name)))] as const,
  );
  return new Map(await Promise.all(entries));
}

describe('models in memory', () => {
  test('merge as folders do', async () => {
    const { weights, config } = await mergeModels(mergeRecipeOf(RECIPE), await sources('a', 'b', 'c'));
    expect(config.numLayers).toBe(4);
    for (const [name, values] of await readAll(expectedOf('linear')))
      expect(maxDifference((await weights.read(name)).data, values)).toBeLessThan(1e-6);
  });

  test('must be there', async () => {
    await expect(mergeModels(mergeRecipeOf(RECIPE, 'candidate'), await sources('a', 'b'))).rejects.toMatchObject({
      code: 'INVALID_ARGUMENT',
      message: expect.stringMatching(/^candidate:\d+:\d+: there is no model c among a, b$/),
    });
  });
});
