import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { mergeAdapter, readDelta, takeOut, type Delta, type Model } from '@agent-forge/model';
import { cognate } from '../registry.js';
import type { Interval, PhaseReport } from '../shared/report.js';
import { Workshop, type Done } from '../testing/workshop.js';
import { phase } from './index.js';
import { askPrompted, follow, type Asked } from './measure.js';
import type { BakingParams } from './params.js';

/** The planted situation: a network that ends its answers as a system prompt says, and calls a tool that one offers. */
const FAMILIES = { copy: 1, next: 1, up: 1, word: 1, tool: 3, 'copy@end': 1, 'next@end': 1, 'up@end': 1 };
const PARENT = {
  hiddenSize: 128,
  intermediateSize: 256,
  contextLength: 96,
  rowLength: 96,
  seeds: { all: [] },
  trunkShare: 0.9,
  steps: 500,
  generalist: false,
  itemsPerFamily: 50,
};
const BAKES = [
  { name: 'persona', prompt: 'end !', queries: ['up'], marker: '!' },
  { name: 'tool', prompt: 'tool add(a,b)', queries: ['word'] },
];
/** In milliseconds. */
const MINUTE = 60_000;

let shop: Workshop;
let done: Done;
let report: PhaseReport;
let parent: Model;
let delta: Delta;
beforeAll(async () => {
  shop = await Workshop.open(FAMILIES);
  const { outcome } = await shop.run(cognate, { params: PARENT, threads: 2 });
  parent = await shop.model(outcome, 'trunk');
  const inputs = [outcome.artifacts.find(({ role }) => role === 'trunk')!];
  const params = { bakes: BAKES, steps: 60, rows: 48, itemsPerFamily: 100, maxForgetting: 1, minFollowing: 0 };
  done = await shop.run(phase, { inputs, params, threads: 2 });
  report = await shop.report(done.outcome);
  const dir = join(shop.dir, 'delta');
  await shop.artifacts.materialise(done.outcome.artifacts.find(({ role }) => role === 'delta')!.id, dir);
  delta = await readDelta(dir);
}, 8 * MINUTE);
afterAll(() => shop?.close());

/** A rate of the report. */
function rate(bake: string, row: string, column: string): Interval {
  const table = report.scores!.find(({ title }) => title.startsWith(`${bake}:`))!;
  return table.rows.find(({ name }) => name === row)!.scores[table.columns.indexOf(column)]!;
}

describe('a persona and a tool that were baked together', () => {
  test('are both followed on held-out questions without being there, as they were not before', () => {
    for (const [bake, column] of [
      ['persona', 'marker'],
      ['tool', 'valid call'],
    ] as const) {
      // prettier-ignore
      expect(rate(bake, 'with the prompt', column).estimate).toBeGreaterThan(0.9);
      expect(rate(bake, 'before', column).estimate).toBeLessThan(0.05);
      expect(rate(bake, 'after', column).high).toBeGreaterThanOrEqual(rate(bake, 'with the prompt', column).low);
    }
  });

  test('the tool is called with the right arguments as often as with the prompt, and under the grammar every answer is a call', () => {
    const [prompted, after] = [
      rate('tool', 'with the prompt', 'right arguments'),
      rate('tool', 'after', 'right arguments'),
    ];
    expect(prompted.estimate).toBeGreaterThan(0.5);
    expect(after.high).toBeGreaterThanOrEqual(prompted.low);
    expect(rate('tool', 'after', 'valid call under the grammar').estimate).toBe(1);
  });

  test('neither shows where it was not baked', () => {
    const table = report.scores!.at(-1)!;
    for (const [i, { name, scores }] of table.rows.entries())
      for (const [j, column] of table.columns.entries())
        expect({ name, column, shows: scores[j]!.estimate > 0.5 }).toEqual({ name, column, shows: i === j });
  });

  test('the divergence from the prompted model falls on held-out questions, and little else moves', () => {
    const { divergenceBefore, divergenceAfter, keptDivergence, forgetting } = done.outcome.metrics;
    expect(divergenceAfter!).toBeLessThan(divergenceBefore! / 10);
    expect(keptDivergence!).toBeLessThan(divergenceBefore! / 10);
    expect(forgetting!).toBeLessThan(0.05);
  });
});

describe('the dial', () => {
  test('never turns the persona down as it goes up, from none of it to all', async () => {
    const params = { bakes: [BAKES[0]], itemsPerFamily: 60, answerTokens: 24 } as unknown as BakingParams;
    const context = { params, seed: 1, threads: 2, signal: new AbortController().signal };
    const asked: Asked[] = await askPrompted(context, parent);
    const rates: number[] = [];
    for (const strength of [0, 0.25, 0.5, 0.75, 1]) {
      const model = { ...parent, weights: mergeAdapter(parent.weights, delta.adapter, strength) };
      rates.push((await follow(context, model, asked, [])).rates.get('persona')!['marker']!.estimate);
    }
    expect(rates[0]).toBeLessThan(0.05);
    expect(rates.at(-1)!).toBeGreaterThan(0.9);
    expect(rates.toSorted((a, b) => a - b)).toEqual(rates);
  });

  test('turned back by the stored delta, the model answers as it did', async () => {
    const params = { bakes: BAKES, itemsPerFamily: 60, answerTokens: 48 } as unknown as BakingParams;
    const context = { params, seed: 1, threads: 2, signal: new AbortController().signal };
    const asked = await askPrompted(context, parent);
    const plain = takeOut(await shop.model(done.outcome, 'baked'), delta);
    const { rates } = await follow(context, plain, asked, []);
    const before = await follow(context, parent, asked, []);
    expect(Object.fromEntries(rates)).toEqual(Object.fromEntries(before.rates));
  });
});
