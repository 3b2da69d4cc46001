import { ForgeError } from '@agent-forge/contracts';

/** Bits that are added up to the new highest one, counted from the lowest, by the length of the register. Each gives the full period 2^K − 1. */
const TAPS: Readonly<Record<number, readonly number[]>> = {
  2: [0, 1],
  3: [0, 1],
  4: [0, 1],
  5: [0, 2],
  6: [0, 1],
  7: [0, 1],
  8: [0, 2, 3, 4],
  9: [0, 4],
  10: [0, 3],
  11: [0, 2],
  12: [0, 1, 2, 8],
  13: [0, 1, 2, 5],
  14: [0, 1, 2, 12],
  15: [0, 1],
  16: [0, 1, 3, 12],
  17: [0, 3],
  18: [0, 7],
  19: [0, 1, 2, 5],
  20: [0, 3],
  21: [0, 2],
  22: [0, 1],
  23: [0, 5],
  24: [0, 1, 2, 7],
};

/** Lengths of registers that there are taps for. */
export const REGISTER_BITS = Object.keys(TAPS).map(Number);

/** States that follow one another before the first one comes again. */
export function periodOf(bits: number): number {
  return 2 ** bits - 1;
}

/**
 * States of a linear-feedback shift register, which shifts right (Shafipour et al. 2024, arXiv:2410.10714, section 3).
 * @param bits of the register, 2 to 24
 * @param seed 1 to 2^bits − 1; the first state is the one after it
 * @throws ForgeError INVALID_ARGUMENT
 */
export function lfsrStates(bits: number, seed: number, count: number): Uint32Array {
  const taps = TAPS[bits];
  if (taps === undefined || !(seed >= 1 && seed <= periodOf(bits)))
    throw new ForgeError('INVALID_ARGUMENT', `there is no shift register of ${bits} bits with seed ${seed}`);
  const states = new Uint32Array(count);
  let state = seed;
  for (let i = 0; i < count; i++) {
    let top = 0;
    for (const tap of taps) top ^= (state >>> tap) & 1;
    state = (state >>> 1) | (top << (bits - 1));
    states[i] = state;
  }
  return states;
}
