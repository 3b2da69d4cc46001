import { expect, test } from '@jest/globals';
import type { Situation } from '../estimate.js';
import { resolveParams } from '../phase.js';
import { phase } from './index.js';

const SITUATION: Situation = {
  trainFlopsPerSecond: 8e10,
  models: { count: 1, parameters: 1.4e6 },
  families: 12,
  dataBytes: 0,
};

const estimate = (params: object, situation: Partial<Situation> = {}) =>
  phase.estimate!(resolveParams(phase, params), { ...SITUATION, ...situation });

test('a candidate costs what encoding its matrices and measuring it costs; parts in common count once', () => {
  const seconds = (...candidates: string[]) => estimate({ candidates }).seconds;
  const one = seconds('int8+int8');
  expect(seconds('int8+int8', 'int8+int4')).toBeGreaterThan(one);
  // Measured: the exact search takes 116 microseconds for a block of 8 weights.
  const search = seconds('seedlm4+int8') - one;
  expect(search / ((1.4e6 / 8) * 116e-6)).toBeGreaterThan(0.8);
  expect(search / ((1.4e6 / 8) * 116e-6)).toBeLessThan(1.25);
  expect(seconds('seedlm4+int8', 'seedlm4+int4') - seconds('seedlm4+int8')).toBeLessThan(search / 2);
});

test('time and memory grow with the model, and what is made has as many weights', () => {
  const [small, large] = [estimate({}), estimate({}, { models: { count: 1, parameters: 1.4e7 } })];
  expect(large.seconds).toBeGreaterThan(4 * small.seconds);
  expect(large.memoryMiB).toBeGreaterThan(small.memoryMiB);
  expect(large.makes).toEqual({ count: 1, parameters: 1.4e7 });
  expect(estimate({}).steps).toBe(8);
});
