import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { cognate } from '../registry.js';
import type { PhaseReport } from '../shared/report.js';
import { Workshop, type Done } from '../testing/workshop.js';
import { phase } from './index.js';

/** The planted situation: a network that ends its answers as a system prompt says, where one does. */
const FAMILIES = { copy: 1, next: 1, up: 1, 'copy@end': 1, 'next@end': 1, 'up@end': 1 };
const PARENT = {
  hiddenSize: 128,
  intermediateSize: 256,
  contextLength: 64,
  seeds: { all: [] },
  trunkShare: 0.9,
  steps: 240,
  generalist: false,
  itemsPerFamily: 50,
};
const BAKES = [
  { name: 'up', prompt: 'end !', queries: ['up'], marker: '!' },
  { name: 'next', prompt: 'end #', queries: ['next'], marker: '#' },
];
/** In milliseconds. */
const MINUTE = 60_000;

let shop: Workshop;
let done: Done;
let report: PhaseReport;
beforeAll(async () => {
  shop = await Workshop.open(FAMILIES);
  const { outcome } = await shop.run(cognate, { params: PARENT, threads: 2 });
  const inputs = [outcome.artifacts.find(({ role }) => role === 'trunk')!];
  const params = { bakes: BAKES, steps: 60, rows: 48, itemsPerFamily: 100 };
  done = await shop.run(phase, { inputs, params, threads: 2 });
  report = await shop.report(done.outcome);
  console.log(JSON.stringify(report.figures), report.verdicts.join('\n'));
  console.log(report.rows.map((r) => [r.name, r.accuracy?.estimate, r.loss].join(' ')).join('\n'));
}, 8 * MINUTE);
afterAll(() => shop?.close());

describe('two prompts that were baked together', () => {
  test('are both followed on held-out questions without being there, as they were not before', () => {
    for (const { name } of BAKES) {
      const rate = (row: string) => report.figures[`${name}.${row}.marker`]!;
      expect(rate('prompted')).toBeGreaterThan(0.9);
      expect(rate('before')).toBeLessThan(0.05);
      expect(Math.abs(rate('after') - rate('prompted'))).toBeLessThan(0.1);
      expect(rate('half')).toBeLessThanOrEqual(rate('after'));
      expect(rate('half')).toBeGreaterThanOrEqual(rate('before'));
    }
  });

  test('are the closer to the prompted model, and little else moved', () => {
    const { firstLoss, lastLoss, forgetting } = done.outcome.metrics;
    expect(lastLoss!).toBeLessThan(firstLoss! / 5);
    expect(forgetting!).toBeLessThan(0.05);
  });
});
