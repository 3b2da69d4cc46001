import { expect, test } from '@jest/globals';
import type { ThinkingForm } from './form.js';
import { marked, pauses, shuffled, type Question } from './measure.js';

const FORM: ThinkingForm = { families: ['parity'], tokens: 4, alphabet: [1, 2], startId: 8, endId: 9 };
const THOUGHTS = Array.from({ length: 30 }, (_, i) => [i, 100 + i]);

test('shuffled thoughts are those of other questions: each goes to one question, and none to its own', () => {
  for (const seed of [1, 2, 3]) {
    const others = shuffled(THOUGHTS, seed);
    expect([...others].sort((a, b) => a[0]! - b[0]!)).toEqual(THOUGHTS);
    for (const [i, thought] of others.entries()) expect(thought).not.toEqual(THOUGHTS[i]);
  }
  expect(shuffled(THOUGHTS, 1)).not.toEqual(shuffled(THOUGHTS, 2));
});

test('a pause takes as many tokens as a thought with its marks', () => {
  const questions = [{}, {}] as Question[];
  const thoughts = marked([[1, 2, 1, 2]], FORM);
  expect(thoughts).toEqual([[8, 1, 2, 1, 2, 9]]);
  for (const pause of pauses(questions, FORM)) {
    expect(pause).toHaveLength(thoughts[0]!.length);
    expect(pause).toEqual([8, 8, 8, 8, 8, 9]);
  }
});
