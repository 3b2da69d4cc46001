import { defineFamily } from './family.js';
import { LETTERS } from './letters.js';

interface Table {
  /** Assignments in the order shown, each one letter and one digit. */
  readonly entries: readonly (readonly [name: string, value: string])[];
  readonly asked: string;
}

const PATTERN = /^((?:[a-z]=\d )+)([a-z]) ?\??$/;
const DIGITS = 10;

/** Looks a value up in the prompt itself. All questions about one table are one unit, in whatever order it is shown. */
export const recall = defineFamily(
  'recall',
  'a=3 b=7 c=1 b? -> 7',
  { pairs: { default: 3, min: 2, max: 12 } },
  ({ pairs }) => ({
    keyCount: choose(LETTERS.length, pairs) * DIGITS ** pairs,
    chance: 1 / pairs + (1 - 1 / pairs) / DIGITS,
    chanceOf: 'one of the shown values, at random',
    draw: (rng): Table => {
      const names = rng.shuffle([...LETTERS]).slice(0, pairs);
      return { entries: names.map((name) => [name, String(rng.int(DIGITS))] as const), asked: rng.pick(names) };
    },
    prompt: ({ entries, asked }) => `${entries.map(([name, value]) => `${name}=${value}`).join(' ')} ${asked}?`,
    parse,
    answer: ({ entries, asked }) => new Map(entries).get(asked)!,
    key: ({ entries }) =>
      `recall ${entries
        .map(([name, value]) => `${name}=${value}`)
        .sort()
        .join(' ')}`,
    difficulty: ({ entries }) => entries.length,
  }),
);

function parse(prompt: string): Table | undefined {
  const match = PATTERN.exec(prompt);
  if (match === null) return undefined;
  const entries = match[1]!
    .trim()
    .split(' ')
    .map((entry) => [entry.charAt(0), entry.charAt(2)] as const);
  const names = new Set(entries.map(([name]) => name));
  const asked = match[2]!;
  return names.size === entries.length && names.has(asked) ? { entries, asked } : undefined;
}

function choose(n: number, k: number): number {
  let count = 1;
  for (let i = 1; i <= k; i += 1) count = (count * (n - k + i)) / i;
  return count;
}
