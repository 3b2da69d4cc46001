import { describe, expect, test } from '@jest/globals';
import { Rng } from '@agent-forge/contracts';
import fc from 'fast-check';
import { createFamily, FAMILIES, keyOfPrompt } from './families/registry.js';
import { hashFraction, normalizeKey, PARTS, splitOf, type Part } from './split.js';

const FRACTION_SUM_17_25 = 0xa748d8029d73 / 2 ** 48;

describe('splitOf', () => {
  test('is SHA-256 of the normalised key, as computed elsewhere', () => {
    // printf 'sum 17 25' | sha256sum | cut -c 1-12, over 16^12
    expect(hashFraction('sum 17 25')).toBe(FRACTION_SUM_17_25);
    expect(hashFraction('  Sum 17\t25 ')).toBe(FRACTION_SUM_17_25);
  });

  test('gives 80, 10 and 10 percent', () => {
    const counts = { train: 0, select: 0, report: 0 };
    const total = 50_000;
    for (let i = 0; i < total; i += 1) counts[splitOf(`key ${i}`)] += 1;
    for (const [part, share] of Object.entries({ train: 0.8, select: 0.1, report: 0.1 })) {
      const error = Math.sqrt((share * (1 - share)) / total);
      expect(Math.abs(counts[part as Part] / total - share)).toBeLessThan(4 * error);
    }
  });

  test('whoever trains on fractions below one half stays within train', () => {
    for (let i = 0; i < 5000; i += 1) if (hashFraction(`${i}`) < 0.5) expect(splitOf(`${i}`)).toBe('train');
  });
});

describe('normalised prompts', () => {
  /** Letters whose case and Unicode forms round-trip, which is what "the same prompt, typed otherwise" means. */
  const prompts = fc.stringMatching(/^[a-zA-Z0-9äöüÄÖÜßéèÉñçåÅαβσΣжЖ?!+=., ]{1,60}$/);

  test('every Unicode form, case and spacing of a prompt is in one part', () => {
    fc.assert(
      fc.property(prompts, fc.constantFrom(' ', '\t', '\n', '\u00a0', '  '), (prompt, blank) => {
        const part = splitOf(keyOfPrompt(prompt));
        const spellings = [
          prompt.normalize('NFD'),
          prompt.normalize('NFC'),
          prompt.toUpperCase(),
          prompt.toLowerCase(),
          prompt.replaceAll(' ', blank),
          `${blank}${prompt}${blank}`,
        ];
        expect(spellings.map((spelling) => splitOf(keyOfPrompt(spelling)))).toEqual(spellings.map(() => part));
      }),
      { seed: 1, numRuns: 1000 },
    );
  });

  test('normalising is idempotent on any text', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme' }), (text) => {
        expect(normalizeKey(normalizeKey(text))).toBe(normalizeKey(text));
      }),
      { seed: 1, numRuns: 2000 },
    );
  });
});

/** What an item is about, read from its prompt alone and not by the family's own key. */
const IDENTITIES: Record<string, (prompt: string) => string> = {
  add: (prompt) => `sum ${sortedNumbers(prompt)}`,
  word: (prompt) => `sum ${sortedNumbers(prompt)}`,
  tool: (prompt) => `sum ${sortedNumbers(prompt)}`,
  max: (prompt) => `max ${sortedNumbers(prompt)}`,
  mod: (prompt) => `mod ${sortedNumbers(prompt.split(' ')[0]!)}`,
  sort: (prompt) => `sort ${[...prompt].sort().join('')}`,
  recall: (prompt) => prompt.split(' ').slice(0, -1).sort().join(),
  memory: (prompt) => prompt,
};

function sortedNumbers(prompt: string): string {
  return prompt
    .match(/\d+/g)!
    .map(Number)
    .sort((a, b) => a - b)
    .join('+');
}

describe('the three parts never meet', () => {
  /** Part by identity over everything that is seen, across families: all wordings of one unit must agree. */
  const seen = new Map<string, Part>();
  const meet = (name: string, prompt: string, key: string): string | undefined => {
    const identity = (IDENTITIES[name] ?? ((text: string) => text))(prompt);
    const part = splitOf(key);
    const before = seen.get(identity) ?? part;
    seen.set(identity, before);
    return before === part ? undefined : `${prompt} is in ${part}, its other wording in ${before}`;
  };

  test.each([...FAMILIES.keys()])('%s: every listed item, or 10,000 drawn ones', (name) => {
    const found: (string | undefined)[] = [];
    const parts = new Set<Part>();
    for (const variant of name === 'tool' ? [name] : [name, `${name}@end`]) {
      const family = createFamily(variant);
      const rng = Rng.derive(4, variant);
      const items = family.enumerate?.() ?? Array.from({ length: 10_000 }, () => family.sample(rng));
      for (const { prompt, key } of items) {
        found.push(meet(name, prompt, key));
        if (found.length < 3000 && keyOfPrompt(prompt) !== key)
          found.push(`${prompt} alone has another key than in its family`);
        parts.add(splitOf(key));
      }
    }
    expect(found.filter((message) => message !== undefined)).toEqual([]);
    expect([...parts].sort()).toEqual([...PARTS].sort());
  });

  test('sums meet in no wording: short, in words, as a call, swapped, spaced, shouted, from a file', () => {
    const wordings = (a: number, b: number): string[] => [
      `${a}+${b}=`,
      `${b}+${a}=`,
      `${a} + ${b} =`,
      `what is ${a}+${b}?`,
      `What is ${b} + ${a} ?`,
      `WHAT  IS ${a}+${b}`,
    ];
    const parts = new Map<Part, number>();
    for (let a = 0; a < 50; a += 1) {
      for (let b = 0; b < 50; b += 1) {
        const found = new Set(wordings(a, b).map((wording) => splitOf(keyOfPrompt(wording))));
        expect(found.size).toBe(1);
        for (const part of found) parts.set(part, (parts.get(part) ?? 0) + 1);
      }
    }
    expect(parts.size).toBe(3);
  });
});
