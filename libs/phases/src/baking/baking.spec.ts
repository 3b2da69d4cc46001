import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import type { ArtifactName } from '@agent-forge/contracts';
import { tinyModel } from '../testing/tiny-model.js';
import { Workshop, type Done } from '../testing/workshop.js';
import { keptFamilies } from './examples.js';
import { phase as baking } from './index.js';

const FAMILIES = { up: 1, copy: 1, word: 1, tool: 1 };
/** Enough for every part to be there, and far too little to learn anything. */
const SHORT = {
  ...{
    bakes: [
      { name: 'persona', prompt: 'end !', queries: ['copy'], marker: '!' },
      { name: 'tool', prompt: 'tool add(a,b)', queries: ['word'] },
    ],
  },
  ...{ steps: 3, rows: 8, queriesPerFamily: 6, rank: 2, alpha: 2, answerTokens: 6, itemsPerFamily: 10 },
  ...{ minFollowing: 0, maxForgetting: 1 },
};

let workshop: Workshop;
let inputs: readonly ArtifactName[];
let done: Done;
beforeAll(async () => {
  workshop = await Workshop.open(FAMILIES);
  inputs = [await workshop.import('trained', tinyModel(1))];
  done = await workshop.run(baking, { params: SHORT, inputs });
});
afterAll(() => workshop?.close());

describe('baking', () => {
  test('makes a baked model and the delta, and measures before, half and after', async () => {
    expect(done.outcome.artifacts.map(({ role }) => role)).toEqual(['baked', 'delta', 'report']);
    const { rows, figures } = await workshop.report(done.outcome);
    expect(rows.map(({ name }) => name)).toEqual(['before', 'half', 'after']);
    expect(Object.keys(rows[0]!.families!).sort()).toEqual(keptFamilies(FAMILIES, SHORT.bakes).sort());
    expect(figures['personaPrompted Following']).toBe(1);
    expect(figures['lastLoss']).toBeGreaterThanOrEqual(0);
    expect(baking.gate(done.outcome, SHORT as never)).toEqual([]);
    expect(baking.gate(done.outcome, { ...SHORT, minFollowing: 2 } as never)).toHaveLength(1);
  });

  test('keeps prompted items of every family, and plain ones of those that are not baked', () => {
    const kept = keptFamilies(FAMILIES, SHORT.bakes);
    for (const name of ['up', 'tool', 'up@end', 'up@tool', 'copy@end', 'copy@tool', 'word@end'])
      expect(kept).toContain(name);
    for (const name of ['copy', 'word']) expect(kept).not.toContain(name);
  });

  test('is the same for the same seed', async () => {
    expect((await workshop.run(baking, { params: SHORT, inputs })).outcome).toEqual(done.outcome);
  });

  test('at a strength of 0 is the model that came in', async () => {
    const { outcome } = await workshop.run(baking, { params: { ...SHORT, strength: 0 }, inputs });
    expect((await workshop.model(outcome, 'baked')).weights).toEqual(tinyModel(1).weights);
    const { comparisons } = await workshop.report(outcome);
    expect(comparisons[0]!.difference).toEqual({ estimate: 0, low: 0, high: 0 });
  });

  test('hands on what came in, where the recipe says so and prompts are not followed', async () => {
    const params = {
      ...SHORT,
      bakes: [{ ...SHORT.bakes[0]!, prompt: 'a' }],
      maxForgetting: 1,
      minFollowing: 1,
      strength: 0,
      onForgetting: 'pass-through',
    };
    const { outcome } = await workshop.run(baking, { params, inputs });
    const follows = outcome.metrics['following'] === 1;
    expect(outcome.artifacts[0]!.id === inputs[0]!.id || follows).toBe(true);
    expect(outcome.degraded === undefined).toBe(follows);
  });

  test.each([
    [{ bakes: [{ name: 'a', prompt: 'b', queries: ['copi'] }] }, /names copi, which is no task family/],
    [{ bakes: [{ name: 'a', prompt: 'b', queries: ['copy@end'] }] }, /has a system prompt of its own/],
    [{ rows: 2, keep: 0.9 }, /rows of baking is 2, which leaves 1 for 2 prompts/],
  ])('refuses %j before any work', async (params, message) => {
    const refused = workshop.run(baking, { params: { ...SHORT, ...params }, inputs });
    await expect(refused).rejects.toMatchObject({ code: 'INVALID_ARGUMENT', message: expect.stringMatching(message) });
  });
});
