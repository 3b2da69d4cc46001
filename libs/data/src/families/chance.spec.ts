import { describe, expect, test } from '@jest/globals';
import { Rng } from '@agent-forge/contracts';
import type { TaskItem } from '../items.js';
import type { SettingValues, TaskFamily } from './family.js';
import { createFamily } from './registry.js';

/** Accuracy of a guesser over drawn items; the standard error at chance c is sqrt(c(1 − c)/count). */
function accuracy(family: TaskFamily, count: number, guess: (item: TaskItem, rng: Rng) => string): number {
  const rng = Rng.derive(2, 'chance.spec', family.name);
  let right = 0;
  for (let i = 0; i < count; i += 1) {
    const item = family.sample(rng);
    if (family.check(item, guess(item, rng))) right += 1;
  }
  return right / count;
}

const anyOrder = (item: TaskItem, rng: Rng): string => rng.shuffle([...item.answer]).join('');
const anyLetters = (item: TaskItem, rng: Rng): string =>
  [...item.answer].map((c) => String.fromCharCode((c < 'a' ? 65 : 97) + rng.int(26))).join('');
const anyShownValue = (item: TaskItem, rng: Rng): string => rng.pick(item.prompt.match(/\d/g)!);

/** Guessers as `chanceOf` states them; short words, so that being right by chance can be counted. */
const GUESSERS: [string, SettingValues, (item: TaskItem, rng: Rng) => string][] = [
  ['max', {}, (item, rng) => rng.pick(item.prompt.split(' ').slice(1))],
  ['sort', { length: 3 }, anyOrder],
  ['copy', { minLength: 2, maxLength: 4 }, anyOrder],
  ['memory', { minLength: 2, maxLength: 3 }, anyOrder],
  ['rev', { minLength: 3, maxLength: 3 }, anyOrder],
  ['rot', { minLength: 2, maxLength: 3 }, anyOrder],
  ['next', { minLength: 1, maxLength: 2 }, anyLetters],
  ['up', { minLength: 1, maxLength: 1 }, anyLetters],
  ['recall', {}, anyShownValue],
  ['recall', { pairs: 2 }, anyShownValue],
  ['parity', {}, () => '0'],
  ['parity', { minBits: 8, maxBits: 12 }, () => '0'],
];

describe('the chance level is what its guesser reaches', () => {
  test.each(GUESSERS)('%s %j', (name, settings, guess) => {
    const family = createFamily(name, settings);
    const count = 20_000;
    const error = Math.sqrt((family.chance * (1 - family.chance)) / count);
    expect(Math.abs(accuracy(family, count, guess) - family.chance)).toBeLessThan(4 * error);
  });

  test.each([
    ['add', { limit: 30 }],
    ['word', { limit: 7, easyShare: 0.3 }],
    ['add', { limit: 50, easyShare: 0 }],
  ])('%s %j: the most frequent sum, counted', (name, settings) => {
    const { limit, easyShare = 0.4 } = settings as { limit: number; easyShare?: number };
    const shares = new Map<number, number>();
    const small = Math.min(10, limit);
    for (let a = 0; a < limit; a += 1) {
      for (let b = 0; b < limit; b += 1) {
        const share = ((b < small ? easyShare / small : 0) + (1 - easyShare) / limit) / limit;
        shares.set(a + b, (shares.get(a + b) ?? 0) + share);
      }
    }
    expect(createFamily(name, settings).chance).toBeCloseTo(Math.max(...shares.values()), 12);
  });

  test.each(['+', '-', '*', '/'])('mod with %s: every residue equally often', (operation) => {
    const family = createFamily('mod', { modulus: 23, operation });
    const counts = new Map<string, number>();
    for (const { answer } of family.enumerate!()) counts.set(answer, (counts.get(answer) ?? 0) + 1);
    const total = [...counts.values()].reduce((sum, count) => sum + count, 0);
    expect(Math.max(...counts.values()) / total).toBeCloseTo(family.chance, 12);
  });

  test('tool: the most frequent call, counted', () => {
    const family = createFamily('tool', { limit: 12, easyShare: 0.5 });
    const always = accuracy(family, 20_000, () => '{"name":"add","arguments":{"a":3,"b":4}}');
    expect(Math.abs(always - family.chance)).toBeLessThan(4 * Math.sqrt(family.chance / 20_000));
  });

  test('copy@end: the inner chance and a random mark', () => {
    const family = createFamily('copy@end', { minLength: 2, maxLength: 2 });
    const guess = (item: TaskItem, rng: Rng): string =>
      rng.shuffle(item.answer.slice(0, -1).split('')).join('') + rng.pick([...'!?#*~^&%']);
    const error = Math.sqrt(family.chance / 20_000);
    expect(Math.abs(accuracy(family, 20_000, guess) - family.chance)).toBeLessThan(4 * error);
  });
});

describe('the number of keys', () => {
  test.each<[string, SettingValues]>([
    ['add', { limit: 13 }],
    ['word', { limit: 5 }],
    ['tool', { limit: 9 }],
    ['mod', { modulus: 97 }],
    ['mod', { modulus: 97, commuted: 'apart' }],
    ['mod', { modulus: 23, operation: '+' }],
    ['mod', { modulus: 23, operation: '-' }],
    ['mod', { modulus: 23, operation: '/' }],
    ['parity', { minBits: 3, maxBits: 9 }],
  ])('%s %j: as many as the listed items have', (name, settings) => {
    const family = createFamily(name, settings);
    expect(new Set([...family.enumerate!()].map((item) => item.key)).size).toBe(family.keyCount);
  });

  test.each<[string, SettingValues]>([
    ['sort', { length: 3, alphabet: 5 }],
    ['max', { digits: 1 }],
    ['up', { minLength: 1, maxLength: 1 }],
    ['copy', { minLength: 1, maxLength: 2 }],
  ])('%s %j: as many as 10,000 draws find', (name, settings) => {
    const family = createFamily(name, settings);
    const rng = Rng.derive(3, 'chance.spec');
    expect(new Set(Array.from({ length: 10_000 }, () => family.sample(rng).key)).size).toBe(family.keyCount);
  });

  test('mod 97 lists the 97·96 pairs of the published bench', () => {
    const items = [...createFamily('mod', { commuted: 'apart' }).enumerate!()];
    expect(items.length).toBe(97 * 96);
    expect(new Set(items.map((item) => item.prompt)).size).toBe(97 * 96);
  });

  test('division undoes multiplication', () => {
    const quotients = createFamily('mod', { operation: '/', modulus: 31 });
    for (const { prompt, answer } of quotients.enumerate!()) {
      const [a, b] = prompt.match(/\d+/g)!.map(Number);
      expect((Number(answer) * b!) % 31).toBe(a);
    }
  });
});
