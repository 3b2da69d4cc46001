import { describe, expect, test } from '@jest/globals';
import type { Situation } from '../estimate.js';
import { resolveParams } from '../phase.js';
import { phase } from './index.js';

const SITUATION: Situation = {
  trainFlopsPerSecond: 1e11,
  models: { count: 1, parameters: 1_381_632 },
  families: 13,
  dataBytes: 0,
};
const needs = (params: object, situation: Partial<Situation> = {}) =>
  phase.estimate!(resolveParams(phase, params), { ...SITUATION, ...situation });

describe('adas needs', () => {
  test('time in proportion to steps and experts, or about the time that it is given', () => {
    const [few, many] = [needs({ steps: 100 }), needs({ steps: 100_000 })];
    expect(many.steps).toBe(400_000);
    expect(many.seconds / few.seconds).toBeGreaterThan(100);
    expect(needs({ steps: 100, domains: ['a', 'b', 'c', 'd'], generalist: false }).steps).toBe(400);
    const given = needs({ maxSeconds: 6000 });
    expect(given.seconds).toBeGreaterThan(0.8 * 6000);
    expect(given.seconds).toBeLessThan(1.1 * 6000);
  });

  test('what was measured at the size of the demo, within a factor of two', () => {
    // 85 s at a load of 2 on two cores, 25 of them the search for agents, docs/LOG.md.
    const { seconds } = needs({});
    expect(seconds).toBeGreaterThan(42);
    expect(seconds).toBeLessThan(170);
    expect(seconds - needs({ agents: { generations: 0 } }).seconds).toBeGreaterThan(10);
  });

  test('more time for mixtures, and a decomposition that grows faster than the weights', () => {
    expect(needs({ generations: 50 }).seconds).toBeGreaterThan(needs({ generations: 0 }).seconds + 10);
    const decomposing = (factor: number) => {
      const models = { count: 1, parameters: factor * SITUATION.models.parameters };
      return needs({ steps: 1, generations: 0 }, { models, trainFlopsPerSecond: 1e20 }).seconds;
    };
    expect(decomposing(100) / decomposing(1)).toBeGreaterThan(100);
  });

  test('one model goes on', () => {
    expect(needs({}).makes).toEqual({ count: 1, parameters: 1_381_632 });
  });
});
