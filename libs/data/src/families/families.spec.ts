import { describe, expect, test } from '@jest/globals';
import { ForgeError, Rng } from '@agent-forge/contracts';
import fc from 'fast-check';
import type { TaskItem } from '../items.js';
import { createFamily, FAMILIES, keyOfPrompt, SYSTEM_PROMPTS } from './registry.js';
import { MARKS } from './persona.js';

const NAMES = [...FAMILIES.keys()];

/** The right answers once more, by other means than the families' own. */
const SOLUTIONS: Record<string, (prompt: string) => string> = {
  add: (prompt) => reversed(String(evaluate(prompt.replace('=', '')))),
  word: (prompt) => reversed(String(evaluate(prompt.slice('what is '.length, -1)))),
  max: (prompt) => prompt.split(' ').slice(1).sort().at(-1)!,
  sort: (prompt) => [...'abcdefghijklmnopqrstuvwxyz'].filter((letter) => prompt.slice(5).includes(letter)).join(''),
  copy: (prompt) => prompt.slice(5),
  memory: (prompt) => prompt.slice(5),
  rev: (prompt) => reversed(prompt.slice(4)),
  rot: (prompt) => prompt.slice(4).replace(/^(.)(.*)$/, '$2$1'),
  next: (prompt) =>
    prompt
      .slice(5)
      .split('')
      .map((c) => (c === 'z' ? 'a' : String.fromCharCode(c.charCodeAt(0) + 1)))
      .join(''),
  up: (prompt) =>
    prompt
      .slice(3)
      .split('')
      .map((c) => String.fromCharCode(c.charCodeAt(0) - 32))
      .join(''),
  recall: (prompt) => prompt.charAt(prompt.indexOf(`${prompt.at(-2)}=`) + 2),
  mod: (prompt) => String(evaluate(prompt.split(' mod ')[0]!) % 97),
  parity: (prompt) => String([...prompt].filter((bit) => bit === '1').length % 2),
  tool: (prompt) => {
    const [a, b] = prompt.match(/\d+/g)!;
    return `{"name":"add","arguments":{"a":${a},"b":${b}}}`;
  },
};

function reversed(text: string): string {
  return text.split('').reverse().join('');
}

function evaluate(expression: string): number {
  const [a, operator, b] = expression.split(/([+*])/);
  return operator === '+' ? Number(a) + Number(b) : Number(a) * Number(b);
}

function samples(name: string, count: number): TaskItem[] {
  const family = createFamily(name);
  const rng = Rng.derive(1, 'families.spec', name);
  return Array.from({ length: count }, () => family.sample(rng));
}

describe.each(NAMES)('family %s', (name) => {
  const family = createFamily(name);
  const items = samples(name, 2000);

  test('answers what an independent solver answers', () => {
    expect(items.filter(({ prompt, answer }) => answer !== SOLUTIONS[name]!(prompt))).toEqual([]);
  });

  test('reads its own prompts back, in other spellings too', () => {
    for (const item of items.slice(0, 300)) {
      expect(family.recognize(item.prompt)).toEqual(item);
      expect(family.recognize(`  ${item.prompt.toUpperCase()} \n`)?.key).toBe(item.key);
      expect(keyOfPrompt(item.prompt)).toBe(item.key);
    }
  });

  test('accepts the answer and refuses a wrong, a longer and an empty one', () => {
    for (const item of items.slice(0, 300)) {
      expect(family.check(item, item.answer)).toBe(true);
      for (const wrong of [`${item.answer}0`, '', item.answer.slice(1), '42x'])
        expect(family.check(item, wrong)).toBe(false);
    }
  });

  test('draws the same items from the same seed, and answers carry no mark of a persona', () => {
    expect(samples(name, 50)).toEqual(items.slice(0, 50));
    expect(items.filter(({ answer }) => MARKS.some((mark) => answer.includes(mark)))).toEqual([]);
  });

  test('keeps difficulty a finite number that is not the same for all, where sizes vary', () => {
    const difficulties = new Set(items.map((item) => item.difficulty));
    expect([...difficulties].every(Number.isFinite)).toBe(true);
    const oneSize = ['rev', 'rot', 'next', 'up', 'recall', 'mod', 'parity'].includes(name);
    expect(difficulties.size > 1).toBe(!oneSize);
  });
});

describe('names and settings', () => {
  test.each([...SYSTEM_PROMPTS.keys()])('every family can stand @%s under its system prompt', (prompt) => {
    for (const name of NAMES) {
      if (name === 'tool' || (name === 'word' && prompt === 'tool')) continue;
      const family = createFamily(`${name}@${prompt}`);
      const item = family.sample(Rng.derive(3, name));
      expect(item.family).toBe(family.name);
      expect(item.system).toBeDefined();
      expect(item.key).toBe(keyOfPrompt(item.prompt));
      expect(family.check(item, item.answer)).toBe(true);
      expect(family.recognize(item.prompt)?.key).toBe(item.key);
    }
  });

  test.each([
    ['adder', {}, 'no task family "adder"'],
    ['add@x', {}, 'no task family'],
    ['add@end@end', {}, 'no task family'],
    ['tool@end', {}, 'cannot have two'],
    ['word@tool', {}, 'use the family "tool"'],
    ['add', { limits: 5 }, 'has no setting "limits" (settings: limit, easyShare)'],
    ['add', { limit: 1 }, 'must be 2 to 10000, not 1'],
    ['add', { limit: 2.5 }, 'must be'],
    ['add', { limit: Number.NaN }, 'must be'],
    ['add', { constructor: 1 }, 'no setting'],
    ['mod', { modulus: 91 }, 'prime'],
    ['mod', { operation: '^' }, 'one of + - * /'],
    ['copy', { minLength: 9 }, 'over the maximum of 7'],
    ['sort', { length: 13 }, 'over its alphabet'],
    ['parity', { minBits: 11 }, 'over the maximum'],
  ])('%s with %j is refused', (name, settings, message) => {
    expect(() => createFamily(name, settings as never)).toThrow(message);
    expect(() => createFamily(name, settings as never)).toThrow(ForgeError);
  });

  test('any text has a key, and recognising it never throws', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme' }), (text) => {
        expect(typeof keyOfPrompt(text)).toBe('string');
      }),
    );
  });

  test('numbers too long to be exact belong to no family', () => {
    const long = '9'.repeat(30);
    expect(keyOfPrompt(`${long}+1=`)).toBe(`${long}+1=`);
    expect(keyOfPrompt(`max ${long} 2`)).toBe(`max ${long} 2`);
  });
});
