import { describe, expect, test } from '@jest/globals';
import { parametersOf, type Situation } from '../estimate.js';
import { resolveParams } from '../phase.js';
import { typicalShape } from '../shared/typical-shape.js';
import { phase as training } from './index.js';

const SITUATION: Situation = {
  trainFlopsPerSecond: 1e11,
  models: { count: 1, parameters: 1_381_632 },
  families: 12,
  dataBytes: 0,
};
const needs = (params: object, situation: Partial<Situation> = {}) =>
  training.estimate!(resolveParams(training, params), { ...SITUATION, ...situation });

test.each([1.4e6, 25e6, 171e6])('a typical shape of %d weights has about so many', (parameters) => {
  const counted = parametersOf(typicalShape(parameters, 272));
  expect(counted / parameters).toBeGreaterThan(1);
  expect(counted / parameters).toBeLessThan(1.1);
});

describe('training needs', () => {
  test('time in proportion to its steps and arms, or about the time that it is given', () => {
    const [few, many] = [needs({ steps: 1000 }), needs({ steps: 10_000 })];
    expect(many.steps).toBe(20_000);
    expect(many.seconds / few.seconds).toBeGreaterThan(8);
    expect(needs({ steps: 1000, arms: ['plain'] }).steps).toBe(1000);
    const given = needs({ maxSeconds: 600 });
    expect(given.seconds).toBeGreaterThan(540);
    expect(given.seconds).toBeLessThan(660);
  });

  test('memory for every gradient in the window of Grokfast', () => {
    const [ema, ma] = [needs({ steps: 200 }), needs({ steps: 200, grokfastFilter: 'ma' })];
    // 99 more copies of the weights, as input and as output.
    const copies = (99 * 2 * 4 * SITUATION.models.parameters) / 2 ** 20;
    expect(ma.memoryMiB - ema.memoryMiB).toBeCloseTo(copies, 6);
  });

  test.each([{ curriculum: 'loss' }, { edgeOfChaos: true }, { arms: ['plain', 'dream'] }])(
    'more time for %j',
    (params) => {
      expect(needs({ steps: 100, ...params }).seconds).toBeGreaterThan(needs({ steps: 100 }).seconds);
    },
  );

  test('as many models as arms, the one that goes on among them', () => {
    expect(needs({ arms: ['plain', 'grokfast', 'dream'] }).makes).toEqual({ count: 3, parameters: 1_381_632 });
  });
});
