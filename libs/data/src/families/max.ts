import { defineFamily } from './family.js';

interface Pair {
  readonly a: number;
  readonly b: number;
}

const PATTERN = /^max (\d+) (\d+)$/;

/** The larger of two different numbers of as many digits. */
export const max = defineFamily(
  'max',
  'max 123 456 -> 456',
  { digits: { default: 3, min: 1, max: 9 } },
  ({ digits }) => {
    const lowest = digits === 1 ? 0 : 10 ** (digits - 1);
    const count = 10 ** digits - lowest;
    return {
      keyCount: (count * (count - 1)) / 2,
      chance: 0.5,
      chanceOf: 'one of the two shown numbers, at random',
      draw: (rng): Pair => {
        const a = rng.int(count);
        const b = (a + 1 + rng.int(count - 1)) % count;
        return { a: lowest + a, b: lowest + b };
      },
      prompt: ({ a, b }) => `max ${a} ${b}`,
      parse: (prompt) => {
        const match = PATTERN.exec(prompt);
        if (match === null) return undefined;
        const [a, b] = [Number(match[1]), Number(match[2])];
        return Number.isSafeInteger(Math.max(a, b)) ? { a, b } : undefined;
      },
      answer: ({ a, b }) => String(Math.max(a, b)),
      key: ({ a, b }) => `max ${Math.min(a, b)} ${Math.max(a, b)}`,
      difficulty: ({ a, b }) => sharedPrefix(String(a), String(b)),
    };
  },
);

/** The deciding digit is the first that differs: the later it comes, the harder. */
function sharedPrefix(a: string, b: string): number {
  let shared = 0;
  while (shared < a.length && a[shared] === b[shared]) shared += 1;
  return shared;
}
