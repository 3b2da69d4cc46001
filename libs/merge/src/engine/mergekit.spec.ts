import { readFileSync } from 'node:fs';
import { describe, expect, test } from '@jest/globals';
import { fromBfloat16, toBfloat16 } from '@agent-forge/model';
import { planMerge } from '../plan/plan-merge.js';
import { readMergeRecipe } from '../recipe/read-recipe.js';
import { CASES, configOf, expectedOf, maxDifference, readAll, recipeOf } from '../testing/mergekit-fixtures.js';
import { mergedModel } from './merge-models.js';

describe('the tensors of mergekit 0.1.5 for', () => {
  test('every fixture', () => expect(CASES.length).toBe(26));

  test.each(CASES)('%s', async (name) => {
    const plan = await planMerge(await readMergeRecipe(recipeOf(name)));
    const { config, weights } = mergedModel(plan);
    const { num_hidden_layers: layers, vocab_size: rows } = JSON.parse(readFileSync(configOf(name), 'utf8'));
    expect([config.numLayers, config.vocabSize]).toEqual([layers, rows]);
    const expected = await readAll(expectedOf(name));
    expect(new Set(weights.shapes.keys())).toEqual(new Set(expected.keys()));
    const types = new Set(plan.work.tensors.map(({ dtype }) => dtype));
    expect([...types]).toEqual([name === 'bfloat16-out' ? 'BF16' : 'F32']);
    for (const [tensor, values] of expected) {
      const { data } = await weights.read(tensor);
      if (types.has('BF16')) expectEqualButForTies(data, values);
      else expect(maxDifference(data, values)).toBeLessThan(1e-6);
    }
  });
});

/** Rounded as mergekit's are, but for values that lie in the middle between two neighbours up to float32's rounding. */
function expectEqualButForTies(exact: Float32Array, theirs: Float32Array): void {
  const bits = new Uint16Array(exact.length);
  const ours = new Float32Array(exact.length);
  toBfloat16(exact, bits);
  fromBfloat16(bits, ours);
  const differing = [...ours.keys()].filter((i) => ours[i] !== theirs[i]);
  for (const i of differing) expect(Math.abs(exact[i]! - ours[i]!)).toBeCloseTo(Math.abs(exact[i]! - theirs[i]!), 6);
  expect(differing.length).toBeLessThan(exact.length / 100);
}
