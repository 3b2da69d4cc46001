import { describe, expect, test } from '@jest/globals';
import { Rng } from '@agent-forge/contracts';
import { endingMark, MARKS } from './persona.js';
import { createFamily } from './registry.js';

describe('persona', () => {
  const family = createFamily('copy@end');
  const rng = Rng.derive(1, 'persona.spec');
  const items = Array.from({ length: 400 }, () => family.sample(rng));

  test('ends the plain answer with the mark that the system prompt names', () => {
    for (const { system, prompt, answer, key } of items) {
      const mark = system!.slice('end '.length);
      expect(MARKS).toContain(mark);
      expect([answer, key]).toEqual([prompt.slice('copy '.length) + mark, prompt]);
    }
  });

  test('uses all eight marks, which are different', () => {
    expect(new Set(items.map(({ answer }) => endingMark(answer)))).toEqual(new Set(MARKS));
    expect(new Set(MARKS).size).toBe(8);
  });

  test('an answer without a mark, or with another one, is wrong', () => {
    const item = items[0]!;
    const other = MARKS.find((mark) => !item.answer.endsWith(mark))!;
    expect(family.check(item, item.answer.slice(0, -1))).toBe(false);
    expect(family.check(item, item.answer.slice(0, -1) + other)).toBe(false);
    expect(endingMark('abc')).toBeUndefined();
  });
});
