import { describe, expect, test } from '@jest/globals';
import type { Situation } from '../estimate.js';
import { resolveParams } from '../phase.js';
import { phase as baking } from './index.js';

const SITUATION: Situation = {
  trainFlopsPerSecond: 1e11,
  models: { count: 1, parameters: 1_381_632 },
  families: 12,
  dataBytes: 0,
};
const needs = (params: object, situation: Partial<Situation> = {}) =>
  baking.estimate!(resolveParams(baking, params), { ...SITUATION, ...situation });

describe('baking needs', () => {
  test('time for its steps, for answers and for measuring, each by its number', () => {
    const plain = needs({});
    const [steps, answers, items] = [{ steps: 800 }, { queriesPerFamily: 2000 }, { itemsPerFamily: 1000 }].map(
      needs as never,
    ) as (typeof plain)[];
    for (const more of [steps, answers, items]) expect(more!.seconds).toBeGreaterThan(2 * plain.seconds);
    expect(steps!.steps).toBe(800);
    expect(needs({}, { trainFlopsPerSecond: 2e11 }).seconds).toBeLessThan(0.6 * plain.seconds);
  });

  test('as long again for every prompt that is baked alone too', () => {
    const bakes = resolveParams(baking, {})['bakes'];
    expect(needs({ alone: true, bakes }).steps).toBe(3 * 80);
    expect(needs({ alone: true }).seconds).toBeGreaterThan(2 * needs({}).seconds);
  });

  test('memory with the rows of a step', () => {
    expect(needs({ rows: 960 }).memoryMiB).toBeGreaterThan(needs({}).memoryMiB + 500);
  });
});
