import { mkdtemp } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import type { ArtifactName, Json } from '@agent-forge/contracts';
import { bakedMark, chatTemplateOf, readDelta, takeOut } from '@agent-forge/model';
import { ownClaims } from '../testing/own-claims.js';
import { tinyModel } from '../testing/tiny-model.js';
import { Workshop, type Done } from '../testing/workshop.js';
import type { Checkpoint } from '../task.js';
import { bakeTask } from './bake-task.js';
import { phase as baking } from './index.js';
import { keepable } from './questions.js';

const FAMILIES = { up: 1, copy: 1, word: 1, tool: 1 };
/** A rate of 1. */
const ALL = expect.objectContaining({ estimate: 1, high: 1 });
/** Enough for every part to be there, and far too little to learn anything. */
const SHORT = {
  ...{
    bakes: [
      { name: 'persona', prompt: 'end !', queries: ['copy'], marker: '!' },
      { name: 'tool', prompt: 'tool add(a,b)', queries: ['word'] },
    ],
  },
  ...{ steps: 3, rows: 8, queriesPerFamily: 6, rank: 2, alpha: 2, answerTokens: 46, itemsPerFamily: 10 },
  ...{ minFollowing: 0, maxForgetting: 1 },
};

/** Long enough for a call of the tool under its prompt. */
const parent = (more = {}) => tinyModel(1, { max_position_embeddings: 96, ...more });

let workshop: Workshop;
let inputs: readonly ArtifactName[];
let done: Done;
beforeAll(async () => {
  workshop = await Workshop.open(FAMILIES);
  inputs = [await workshop.import('trained', parent())];
  done = await workshop.run(baking, { params: SHORT, inputs });
});
afterAll(() => workshop?.close());

describe('baking', () => {
  test('makes a baked model and the delta, and measures before, half and after', async () => {
    expect(done.outcome.artifacts.map(({ role }) => role)).toEqual(['baked', 'delta', 'report']);
    const { rows, figures, scores } = await workshop.report(done.outcome);
    expect(rows.map(({ name }) => name)).toEqual(['before', 'half', 'after']);
    // Of prompted forms only the mix's own are there: a model that knows nothing follows no other.
    expect(Object.keys(rows[0]!.families!).sort()).toEqual(Object.keys(FAMILIES).sort());
    expect(figures['lastLoss']).toBeGreaterThanOrEqual(0);
    expect(figures['divergence.persona.before']).toBe(figures['divergenceBefore']);
    const [persona, tool, interference] = scores!;
    expect(persona!.columns).toEqual(['following', 'marker']);
    expect(persona!.rows[0]).toEqual({ name: 'with the prompt', scores: [ALL, expect.anything()] });
    expect(persona!.rows.map(({ name }) => name).slice(1)).toEqual(['before', 'half', 'after']);
    // Even a model that knows nothing calls, where decoding leaves it no choice; its arguments are wrong.
    const under = ['valid call under the grammar', 'right arguments under the grammar'].map((each) =>
      tool!.columns.indexOf(each),
    );
    expect(tool!.rows.at(-1)!.scores[under[0]!]).toEqual(ALL);
    expect(tool!.rows.at(-1)!.scores[under[1]!]!.estimate).toBeLessThan(0.5);
    expect(interference!.rows.map(({ name }) => name)).toEqual(['persona', 'tool']);
    expect(interference!.columns).toEqual(['persona', 'tool', 'others']);
    expect(baking.gate(done.outcome, SHORT as never)).toEqual([]);
    expect(baking.gate(done.outcome, { ...SHORT, minFollowing: 2 } as never)).toHaveLength(1);
  });

  test('keeps plain items of what is not baked, and prompted items of every family', () => {
    const { plain, prompted } = keepable(FAMILIES, SHORT.bakes);
    expect(plain).toEqual({ up: 1 });
    expect([...prompted].sort()).toEqual(['copy@end', 'copy@tool', 'tool', 'up@end', 'up@tool', 'word@end']);
  });

  test('proven again on its own model, every figure is as it was', async () => {
    const claims = await ownClaims(workshop, baking, done);
    expect(claims.map(({ metric }) => metric)).toEqual([
      ...['persona: following', 'persona: marker', 'tool: following', 'tool: valid call', 'tool: right arguments'],
      ...['tool: valid call under the grammar', 'tool: right arguments under the grammar'],
    ]);
    for (const { then, now } of claims) expect(now).toEqual(then);
  });

  test('is the same for the same seed', async () => {
    expect((await workshop.run(baking, { params: SHORT, inputs })).outcome).toEqual(done.outcome);
  });

  test('bakes each prompt alone too, where that is asked for, and compares with fewer tokens', async () => {
    const { outcome } = await workshop.run(baking, { params: { ...SHORT, alone: true, topK: 3 }, inputs });
    const { rows, scores } = await workshop.report(outcome);
    const names = ['before', 'half', 'after', 'alone-persona', 'alone-tool'];
    expect(rows.map(({ name }) => name)).toEqual(names);
    expect(scores![0]!.rows.map(({ name }) => name)).toEqual(['with the prompt', ...names]);
  });

  test('takes questions of somebody’s own, of which some are held out', async () => {
    const questions = Array.from({ length: 60 }, (_, i) => `who is number ${i}?`);
    const bakes = [{ name: 'own', prompt: 'say it politely', questions }];
    const { outcome } = await workshop.run(baking, { params: { ...SHORT, bakes }, inputs });
    const { scores } = await workshop.report(outcome);
    expect(scores![0]!.columns).toEqual(['following']);
    const few = workshop.run(baking, { params: { ...SHORT, bakes: [{ ...bakes[0]!, questions: ['a'] }] }, inputs });
    await expect(few).rejects.toMatchObject({ code: 'DATA_INVALID' });
  });

  test('writes a chat template, the mark of what is followed, and a delta that takes it out again', async () => {
    const baked = await workshop.model(done.outcome, 'baked');
    expect(chatTemplateOf(baked.tokenizer!)).toContain('<sys>');
    const [, delta] = done.outcome.artifacts;
    const dir = join(workshop.dir, 'delta');
    await workshop.artifacts.materialise(delta!.id, dir);
    const stored = await readDelta(dir);
    expect(Object.keys(bakedMark(baked.config) ?? {})).toEqual(stored.families);
    expect(stored).toMatchObject({
      base: inputs[0]!.id,
      strength: 1,
      prompts: { persona: 'end !', tool: 'tool add(a,b)' },
    });
    const back = takeOut(baked, stored);
    for (const [name, { data }] of parent().weights)
      for (const [i, x] of back.weights.get(name)!.data.entries()) expect(Math.abs(x - data[i]!)).toBeLessThan(1e-6);
  });

  test('at a strength of 0 is the model that came in', async () => {
    const { outcome } = await workshop.run(baking, { params: { ...SHORT, strength: 0 }, inputs });
    expect((await workshop.model(outcome, 'baked')).weights).toEqual(parent().weights);
    const { comparisons } = await workshop.report(outcome);
    expect(comparisons[0]!.difference).toEqual({ estimate: 0, low: 0, high: 0 });
  });

  test('hands on what came in, where the recipe says so and prompts are not followed', async () => {
    const failing = { ...SHORT, strength: 0, minFollowing: 1, onForgetting: 'pass-through' };
    // Weights large enough for answers to depend on the prompt.
    const strong = [await workshop.import('trained', parent({ initializer_range: 0.5 }))];
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
    const { bakes, steps, rows, queriesPerFamily, rank, alpha } = SHORT;
    const plan = {
      ...{
        from: inputs[0]!.id,
        bakes: bakes.map((bake) => ({ ...bake, share: 1 })),
        kept: keepable(FAMILIES, bakes),
      },
      ...{ data: [], textShare: 0.5, steps, rows, keep: 0.5, queriesPerFamily, rank, alpha, rate: 0.01, topK: 0 },
      ...{ temperature: 1, answerTokens: 6, seed: 1 },
    };
    const input = plan as unknown as Json;
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
    [{ bakes: [{ name: 'a', prompt: 'b' }] }, /has neither queries \(task families\) nor questions/],
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
