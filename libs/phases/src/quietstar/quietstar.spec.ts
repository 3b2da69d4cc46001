import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import type { ArtifactName } from '@agent-forge/contracts';
import { thoughtMark } from '@agent-forge/model';
import { ownClaims } from '../testing/own-claims.js';
import { tinyModel } from '../testing/tiny-model.js';
import { Workshop, type Done } from '../testing/workshop.js';
import { phase as quietstar } from './index.js';

const FAMILIES = { up: 1, parity: 1 };
/** Enough steps for every part to be there, and far too few to learn anything. */
const SHORT = {
  warmSteps: 4,
  steps: 3,
  rows: 4,
  warmRows: 2,
  itemsPerFamily: 20,
  distilSteps: 2,
  onNoGain: 'keep',
  maxRegression: 1,
};
const ROWS = ['before', 'after', 'thinking', 'no-thoughts', 'pause', 'shuffled', 'skipped', 'taught', 'distilled'];

let workshop: Workshop;
let inputs: readonly ArtifactName[];
let done: Done;
beforeAll(async () => {
  workshop = await Workshop.open(FAMILIES);
  inputs = [await workshop.import('merged', tinyModel(1))];
  done = await workshop.run(quietstar, { params: SHORT, inputs });
});
afterAll(() => workshop?.close());

describe('quietstar', () => {
  test('makes a thinking model, the head that stays behind, and a distilled copy; measures it beside all controls', async () => {
    const { artifacts, metrics } = done.outcome;
    expect(artifacts.map(({ role }) => role)).toEqual(['thinker', 'distilled', 'mixing-head', 'report']);
    const { rows, comparisons, figures } = await workshop.report(done.outcome);
    expect(rows.map(({ name }) => name)).toEqual(ROWS);
    for (const { name, families } of rows)
      expect(Object.keys(families!).sort()).toEqual(
        ['before', 'after'].includes(name) ? Object.keys(FAMILIES).sort() : ['parity'],
      );
    expect(comparisons.map(({ name }) => name)).toEqual([
      'thinking − no-thoughts',
      'thinking − pause',
      'thinking − shuffled',
      'thinking − taught',
      'thinking − distilled',
      'thinking − skipped',
      'after − before',
    ]);
    const lows = comparisons.slice(0, 3).map(({ difference }) => difference.low);
    expect(metrics['gainLow']).toBe(Math.min(...lows));
    expect(figures).toMatchObject({ warmSteps: 4, reinforcementSteps: 3 });
    expect(quietstar.gate(done.outcome, { ...SHORT, minGain: 0 } as never)).toEqual([]);
  });

  test('proven again on its own model, every figure is as it was', async () => {
    const claims = await ownClaims(workshop, quietstar, done);
    expect(claims.map(({ control }) => control)).toEqual(['no-thoughts', 'pause', 'shuffled', 'skipped']);
    for (const { then, now } of claims) expect(now).toEqual(then);
  });

  test('marks the thinking model, so that later phases go on in its form; the distilled copy answers at once', async () => {
    const thinker = await workshop.model(done.outcome, 'thinker');
    expect(thoughtMark(thinker.config)).toEqual({ families: ['parity'], form: 'derivation', tokens: 10 });
    expect(thoughtMark((await workshop.model(done.outcome, 'distilled')).config)).toBeUndefined();
    expect([...thinker.weights.keys()].some((name) => name.includes('mixing'))).toBe(false);
  });

  test('is the same for the same seed, and says how far it is without going back', async () => {
    const again = await workshop.run(quietstar, { params: SHORT, inputs });
    expect(again.outcome).toEqual(done.outcome);
    const fractions = done.progress.map(({ fraction }) => fraction);
    expect(fractions.at(-1)).toBe(1);
    expect(fractions).toEqual([...fractions].sort((a, b) => a - b));
  });

  test('without a gain fails at its gate, or hands on what came in and says so', async () => {
    const failing = { ...SHORT, minGain: 1 };
    const { outcome } = await workshop.run(quietstar, { params: { ...failing, onNoGain: 'pass-through' }, inputs });
    expect(outcome.artifacts.map(({ role }) => role)).toEqual(['thinker', 'report']);
    expect(outcome.artifacts[0]!.id).toBe(inputs[0]!.id);
    expect(outcome.degraded).toMatch(/^pass-through, because the gain of thinking/);
    expect(quietstar.gate(outcome, { ...failing, onNoGain: 'pass-through' } as never)).toEqual([]);
    expect(quietstar.gate(done.outcome, { ...failing, onNoGain: 'fail' } as never)).toHaveLength(1);
  });

  test('thinks within running text, where there is nothing to teach', async () => {
    const text = Array.from({ length: 8000 }, (_, i) => `The line of ${i} is about ${i * i}.\n\n`).join('');
    const data = [await workshop.dataSet('lines', text)];
    const { warmSteps: _, distilSteps: __, ...rest } = SHORT;
    const params = { ...rest, rowLength: 24, thoughtsPerText: 3, thoughtTokens: 2 };
    const { outcome } = await workshop.run(quietstar, { params, inputs, families: {}, data });
    const { rows, comparisons } = await workshop.report(outcome);
    expect(rows.map(({ name }) => name)).toEqual(ROWS.slice(0, -2));
    for (const { bitsPerByte } of rows) expect(bitsPerByte).toBeGreaterThan(0);
    expect(comparisons).toHaveLength(5);
    expect(thoughtMark((await workshop.model(outcome, 'thinker')).config)).toBeUndefined();
  });

  test.each([
    [{ families: ['up'] }, /family up has no derivation that a warm start could teach/],
    [{ families: ['ad'] }, /families of quietstar names the family ad, which is not in the mix \(up, parity\)/],
    [{ thoughtTokens: 5 }, /a thought has 5 tokens, but a derivation of parity has 10/],
    [{ warmSteps: 0, steps: 0 }, /steps of quietstar is 0, and warmSteps too/],
    [{ warmSteps: 0, thoughtTokens: 60 }, /takes \d+ positions, and the model has 64/],
  ])('refuses %j before any work', async (params, message) => {
    const refused = workshop.run(quietstar, { params: { ...SHORT, ...params }, inputs });
    await expect(refused).rejects.toMatchObject({ code: 'INVALID_ARGUMENT', message: expect.stringMatching(message) });
  });
});
