import { expect, test } from '@jest/globals';
import type { Comparison } from '../shared/report.js';
import { verdictsOf } from './verdicts.js';

const comparison = (than: string, estimate: number, low: number, high: number): Comparison => ({
  name: `champion − ${than}`,
  better: 'champion',
  than,
  difference: { estimate, low, high },
});
const PARENTS = ['seed-a', 'seed-b'];

test('every parent is beaten only where each interval says so', () => {
  const clear = comparison('seed-a', 0.1, 0.05, 0.15);
  const close = comparison('seed-b', 0.02, 0.001, 0.04);
  const unclear = comparison('seed-b', 0.02, -0.001, 0.04);
  expect(verdictsOf([clear, close], 'points', PARENTS, 'seed-b')).toEqual([
    'the champion beats every parent',
    'the champion beats seed-b by 2.0 points (95 % interval 0.1 to 4.0)',
  ]);
  expect(verdictsOf([clear, unclear], 'points', PARENTS, 'seed-b')).toEqual([
    'the champion cannot be told from seed-b: 2.0 points (95 % interval -0.1 to 4.0)',
  ]);
  // A parent that could not be compared is not beaten.
  expect(verdictsOf([clear], 'points', PARENTS, 'seed-a')).toHaveLength(1);
});

test('a control that is better is called so', () => {
  expect(verdictsOf([comparison('generalist', -0.015, -0.02, -0.01)], 'bits per byte', PARENTS, 'seed-a')).toEqual([
    'generalist beats the champion by 0.015 bits per byte (95 % interval 0.010 to 0.020)',
  ]);
});
