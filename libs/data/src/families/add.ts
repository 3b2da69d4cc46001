import { defineFamily } from './family.js';
import * as sums from './sums.js';

const PATTERN = /^(\d+) ?\+ ?(\d+) ?=?$/;

/** Addition with carries; the answer's digits stand in reverse. */
export const add = defineFamily('add', '17+25= -> 24 (42 reversed)', sums.SUM_SETTINGS, ({ limit, easyShare }) => ({
  keyCount: sums.sumKeyCount(limit),
  chance: sums.mostFrequentSumShare(limit, easyShare),
  chanceOf: 'always the most frequent sum',
  draw: (rng) => sums.drawSum(rng, limit, easyShare),
  ...sums.allSums(limit),
  prompt: ({ a, b }) => `${a}+${b}=`,
  parse: (prompt) => sums.parseSum(PATTERN.exec(prompt)),
  answer: ({ a, b }) => sums.reversedDigits(a + b),
  key: sums.sumKey,
  difficulty: sums.sumDifficulty,
}));
