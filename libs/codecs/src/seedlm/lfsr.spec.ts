import { describe, expect, test } from '@jest/globals';
import { lfsrStates, periodOf, REGISTER_BITS } from './lfsr.js';

/** Larger registers have a period of minutes; their taps are tested up to here, and all in the proof. */
const TESTED = REGISTER_BITS.filter((bits) => bits <= 20);

describe('the shift register', () => {
  test.each(TESTED)('of %i bits goes through every state but 0 before the first comes again', (bits) => {
    const states = lfsrStates(bits, 1, periodOf(bits));
    const seen = new Uint8Array(periodOf(bits) + 1);
    for (const state of states) seen[state] = 1;
    expect(seen[0]).toBe(0);
    expect(seen.reduce((sum, x) => sum + x, 0)).toBe(periodOf(bits));
    expect(states.at(-1)).toBe(1);
  });

  test('gives figure 4 of the paper, and what was computed for 16 bits', () => {
    expect([...lfsrStates(3, 4, 8)]).toEqual([2, 5, 6, 7, 3, 1, 4, 2]);
    const golden = [32768, 16384, 8192, 4096, 34816, 17408, 8704, 4352, 34944, 17472, 8736, 4368, 34952, 50244, 25122];
    expect([...lfsrStates(16, 1, 16)]).toEqual([...golden, 45329]);
  });

  test('refuses seeds that it never has, and sizes without taps', () => {
    for (const [bits, seed] of [
      [16, 0],
      [16, 65_536],
      [25, 1],
    ] as const)
      expect(() => lfsrStates(bits, seed, 1)).toThrow('there is no shift register');
  });
});
