import { defineFamily } from './family.js';
import * as sums from './sums.js';

const PATTERN = /^what is (\d+) ?\+ ?(\d+) ?\??$/;

/** The prompt of a sum in words. */
export function wordPrompt({ a, b }: sums.Sum): string {
  return `what is ${a}+${b}?`;
}

/** The sum that a normalised prompt asks for in words. */
export function parseWordPrompt(prompt: string): sums.Sum | undefined {
  return sums.parseSum(PATTERN.exec(prompt));
}

/** The sums of `add`, with the same keys, asked in words. */
export const word = defineFamily('word', 'what is 17+25? -> 24', sums.SUM_SETTINGS, ({ limit, easyShare }) => ({
  keyCount: sums.sumKeyCount(limit),
  chance: sums.mostFrequentSumShare(limit, easyShare),
  chanceOf: 'always the most frequent sum',
  draw: (rng) => sums.drawSum(rng, limit, easyShare),
  ...sums.allSums(limit),
  prompt: wordPrompt,
  parse: parseWordPrompt,
  answer: ({ a, b }) => sums.reversedDigits(a + b),
  key: sums.sumKey,
  difficulty: sums.sumDifficulty,
}));
