import { ForgeError } from '@agent-forge/contracts';
import { defineFamily } from './family.js';
import { LETTERS } from './letters.js';

const PATTERN = /^sort ([a-z]+)$/;

const SETTINGS = {
  length: { default: 5, min: 2, max: LETTERS.length },
  /** Letters are the first so many of the alphabet. */
  alphabet: { default: 12, min: 2, max: LETTERS.length },
} as const;

/** Different letters into their order. All orders of the same letters are one unit: they share their answer. */
export const sort = defineFamily('sort', 'sort dbeac -> abcde', SETTINGS, ({ length, alphabet }) => {
  if (length > alphabet) {
    throw new ForgeError('INVALID_ARGUMENT', `length of family sort is ${length}, over its alphabet of ${alphabet}`);
  }
  const letters = LETTERS.slice(0, alphabet).split('');
  return {
    keyCount: fallingFactorial(alphabet, length) / fallingFactorial(length, length),
    chance: 1 / fallingFactorial(length, length),
    chanceOf: 'the shown letters in a random order',
    draw: (rng) =>
      rng
        .shuffle([...letters])
        .slice(0, length)
        .join(''),
    prompt: (shown) => `sort ${shown}`,
    parse: (prompt) => PATTERN.exec(prompt)?.[1],
    answer: sorted,
    key: (shown) => `sort ${sorted(shown)}`,
    difficulty: inversions,
  };
});

function sorted(shown: string): string {
  return [...shown].sort().join('');
}

/** Pairs that stand in the wrong order. */
function inversions(shown: string): number {
  let count = 0;
  for (let i = 0; i < shown.length; i += 1) {
    for (let j = i + 1; j < shown.length; j += 1) if (shown.charAt(i) > shown.charAt(j)) count += 1;
  }
  return count;
}

/** n · (n − 1) · … of so many factors. */
function fallingFactorial(n: number, factors: number): number {
  let product = 1;
  for (let i = 0; i < factors; i += 1) product *= n - i;
  return product;
}
