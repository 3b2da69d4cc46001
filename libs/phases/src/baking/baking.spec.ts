import { mkdtemp } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import type { ArtifactName, Json } from '@agent-forge/contracts';
import { tinyModel } from '../testing/tiny-model.js';
import { Workshop, type Done } from '../testing/workshop.js';
import type { Checkpoint } from '../task.js';
import { bakeTask } from './bake-task.js';
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
    expect(figures['persona.prompted.following']).toBe(1);
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
    const failing = { ...SHORT, strength: 0, minFollowing: 1, onForgetting: 'pass-through' };
    // Weights large enough for answers to depend on the prompt.
    const strong = [await workshop.import('trained', tinyModel(1, { initializer_range: 0.5 }))];
    const { outcome } = await workshop.run(baking, { params: failing, inputs: strong });
    expect(outcome.metrics['following']).toBeLessThan(1);
    expect(outcome.artifacts[0]!.id).toBe(strong[0]!.id);
    expect(outcome.degraded).toMatch(/^pass-through, because a baked prompt is followed in/);
    expect(baking.gate(outcome, failing as never)).toEqual([]);
    expect(baking.gate({ metrics: { ...outcome.metrics, passedThrough: 0 } } as never, failing as never)).toHaveLength(
      1,
    );
  });

  test('goes on from its checkpoint with the same bytes', async () => {
    const { bakes, steps, rows, queriesPerFamily, rank, alpha, answerTokens } = SHORT;
    const kept = keptFamilies(FAMILIES, bakes);
    const plan = {
      from: inputs[0]!.id,
      bakes,
      kept,
      steps,
      rows,
      keep: 0.5,
      queriesPerFamily,
      rank,
      alpha,
      answerTokens,
    };
    const input = { ...plan, rate: 0.01, temperature: 1, seed: 1 } as unknown as Json;
    const whole = await attempt(input, new AbortController());
    const stop = new AbortController();
    const half = await attempt(input, stop, () => stop.abort());
    expect(half.output).toBeUndefined();
    expect((half.saved!.state as { step: number }).step).toBe(1);
    expect((await attempt(input, new AbortController(), () => undefined, half.saved)).output).toEqual(whole.output);
  });

  test('keeps text, where there are no families', async () => {
    const text = Array.from({ length: 8000 }, (_, i) => `The line of ${i} is about ${i * i}.\n\n`).join('');
    const data = [await workshop.dataSet('lines', text)];
    const { outcome } = await workshop.run(baking, { params: SHORT, inputs, families: {}, data });
    expect((await workshop.report(outcome)).rows.every(({ bitsPerByte }) => bitsPerByte! > 0)).toBe(true);
    expect(Number.isFinite(outcome.metrics['forgetting'])).toBe(true);
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

/** Runs the task itself, in this thread. */
async function attempt(input: Json, stop: AbortController, report = () => {}, checkpoint?: Checkpoint) {
  const workDir = await mkdtemp(join(workshop.dir, 'task-'));
  let saved: Checkpoint | undefined;
  const output = await bakeTask(input, {
    ...{
      artifacts: workshop.artifacts,
      workDir,
      threads: 1,
      codeVersion: 'test',
      signal: stop.signal,
      report,
      checkpoint,
    },
    saveCheckpoint: async (now) => void (saved = now),
  }).catch((error: unknown) => {
    if (!stop.signal.aborted) throw error;
    return undefined;
  });
  return { output, saved };
}
