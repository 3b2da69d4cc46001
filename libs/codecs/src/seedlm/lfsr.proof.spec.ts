import { expect, test } from '@jest/globals';
import { lfsrStates, periodOf } from './lfsr.js';

test.each([21, 22, 23, 24])('a register of %i bits has the full period', (bits) => {
  const states = lfsrStates(bits, 1, periodOf(bits));
  expect(states.indexOf(1)).toBe(periodOf(bits) - 1);
  expect(states.includes(0)).toBe(false);
});
