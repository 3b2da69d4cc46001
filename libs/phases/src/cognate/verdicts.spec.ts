import { describe, expect, test } from '@jest/globals';
import { verdictsOf, type Losses } from './verdicts.js';

const losses = (values: Record<string, number>) => new Map(Object.entries(values));
const verdicts = (values: Record<string, number>, average: number | undefined, rest: Partial<Losses> = {}) =>
  verdictsOf({ losses: losses(values), average, share: undefined, unit: 'nats per token', ...rest });

describe('what is said of the plain average', () => {
  test('is what it costs against the seeds, beside the best of them and the trunk', () => {
    expect(verdicts({ trunk: 0.9, 'seed-a': 0.4, 'seed-b': 0.6, generalist: 0.1 }, 0.75, { share: 0.8 })).toEqual([
      'the plain average of the seeds loses 0.250 nats per token more than they do on average',
      'seed-a, the best of them, loses 0.400, the plain average 0.750, the trunk 0.900',
      'on 80 % of the families their own seed is the best',
    ]);
  });

  test('is no praise where it only beats seeds that have collapsed', () => {
    const said = verdicts({ trunk: 0.5, 'seed-a': 0.4, 'seed-b': 4.2 }, 1.3);
    expect(said).toEqual([
      'the plain average of the seeds loses 1.000 nats per token less than they do on average',
      'seed-a, the best of them, loses 0.400, the plain average 1.300, the trunk 0.500',
      'seed-b has become worse than the trunk that it was trained from: it loses 4.200, the trunk 0.500',
    ]);
    expect(said.join()).not.toContain('nothing');
  });

  test('names no trunk where there is none, and no difference that cannot be seen', () => {
    expect(verdicts({ 'seed-a': 2, 'seed-b': 2.0001 }, 2, { unit: 'bits per byte' })).toEqual([
      'the plain average of the seeds loses as much as they do on average',
      'seed-a, the best of them, loses 2.000, the plain average 2.000',
    ]);
  });

  test('is that there is none, where the models differ in shape', () => {
    expect(verdicts({ 'seed-a': 2, 'seed-b': 3 }, undefined)).toEqual([
      'the models differ in shape: they have no plain average',
    ]);
  });
});
