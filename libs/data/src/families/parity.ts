import { defineFamily } from './family.js';
import { range } from './letters.js';

const PATTERN = /^parity ([01]+)$/;
/** All words of up to so many bits are listed: 131,070 at most. */
const MAX_LISTED_BITS = 16;
const MAX_BITS = 32;

const SETTINGS = {
  minBits: { default: 10, min: 1, max: MAX_BITS },
  maxBits: { default: 10, min: 1, max: MAX_BITS },
} as const;

/**
 * Whether the ones are odd in number. Without intermediate steps a small network hardly learns it; its thoughts are the
 * parity up to each bit.
 */
export const parity = defineFamily('parity', 'parity 1011010011 -> 0', SETTINGS, ({ minBits, maxBits }) => {
  const lengths = range(minBits, maxBits, 'minBits of family parity');
  return {
    keyCount: lengths.reduce((sum, bits) => sum + 2 ** bits, 0),
    chance: 0.5,
    chanceOf: 'always 0: half of the words of any length are even',
    draw: (rng) => {
      const length = rng.pick(lengths);
      return Array.from({ length }, () => rng.int(2)).join('');
    },
    ...(maxBits > MAX_LISTED_BITS ? {} : { all: () => allWords(lengths) }),
    prompt: (bits) => `parity ${bits}`,
    parse: (prompt) => PATTERN.exec(prompt)?.[1],
    answer: (bits) => runningParity(bits).slice(-1),
    key: (bits) => `parity ${bits}`,
    difficulty: (bits) => bits.length,
    thoughts: runningParity,
  };
});

/** The parity of the first bit, the first two, … of all of them. */
export function runningParity(bits: string): string {
  let odd = 0;
  return [...bits].map((bit) => (odd ^= Number(bit))).join('');
}

function* allWords(lengths: readonly number[]): Iterable<string> {
  for (const length of lengths) {
    for (let value = 0; value < 2 ** length; value += 1) yield value.toString(2).padStart(length, '0');
  }
}
