import { afterAll, beforeAll, expect, test } from '@jest/globals';
import type { ArtifactName, Json } from '@agent-forge/contracts';
import { resolveParams } from '../phase.js';
import { tinyModel } from '../testing/tiny-model.js';
import { Workshop } from '../testing/workshop.js';
import { phase } from './index.js';

let workshop: Workshop;
const parents: ArtifactName[] = [];

beforeAll(async () => {
  workshop = await Workshop.open({});
  for (const [seed, role] of ['math', 'code'].entries()) parents.push(await workshop.import(role, tinyModel(seed)));
});

afterAll(() => workshop.close());

const run = (recipe: Json, inputs: ArtifactName[]) => workshop.run(phase, { params: { recipe }, inputs });

test('a plain recipe is done as it is, with nothing to measure it on, and the report says so', async () => {
  const models = [
    { model: 'math', parameters: { weight: 3 } },
    { model: 'code', parameters: { weight: 1 } },
  ];
  const { outcome } = await run({ merge_method: 'linear', models }, parents);
  expect(phase.gate(outcome, resolveParams(phase, { recipe: { merge_method: 'linear' } }))).toEqual([]);
  expect((await workshop.report(outcome)).verdicts).toEqual([expect.stringContaining('Nothing was measured')]);
  const [merged, ...sources] = await Promise.all([
    workshop.model(outcome, 'merged'),
    ...['math', 'code'].map((role) => workshop.model({ artifacts: parents, metrics: {} }, role)),
  ]);
  const valueOf = (model: typeof merged) => model!.weights.get('model.layers.1.mlp.up_proj.weight')!.data[5]!;
  expect(valueOf(merged)).toBeCloseTo(0.75 * valueOf(sources[0]!) + 0.25 * valueOf(sources[1]!), 6);
});

test('one model is enough for a recipe that stacks its layers', async () => {
  const slice = (from: number) => ({ sources: [{ model: 'math', layer_range: [from, from + 1] }] });
  const recipe = { merge_method: 'passthrough', slices: [slice(0), slice(1), slice(1)] };
  const { outcome } = await run(recipe, parents.slice(0, 1));
  expect((await workshop.model(outcome, 'merged')).config.numLayers).toBe(3);
});

test('a search still needs two models, and its result must be measured', async () => {
  await expect(workshop.run(phase, { inputs: parents.slice(0, 1) })).rejects.toMatchObject({
    code: 'INVALID_ARGUMENT',
    message: expect.stringContaining('at least 2 models'),
  });
  expect(phase.gate({ artifacts: [], metrics: {} }, resolveParams(phase, {}))).toHaveLength(1);
});
