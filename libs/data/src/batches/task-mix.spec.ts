import { createHash } from 'node:crypto';
import { describe, expect, test } from '@jest/globals';
import { byteTokenizer, type TokenBatch } from '@agent-forge/model';
import { createFamily } from '../families/registry.js';
import type { Example } from '../items.js';
import { keyOfPrompt } from '../families/registry.js';
import { PARTS, splitOf, type Part } from '../split.js';
import { distinctItems } from './draw.js';
import { exampleSource, familySource, TaskMix } from './task-mix.js';

/** Tokens in a row: a call of the tool with its question has 71. */
const LENGTH = 96;
const tokenizer = byteTokenizer();
const WEIGHTS: Record<string, number> = {
  add: 3, max: 1.5, copy: 1.5, sort: 1.5, up: 0.7, word: 1, rev: 1, rot: 1, next: 1, tool: 1, 'copy@end': 1, 'sort@end': 1,
}; // prettier-ignore
const sources = Object.entries(WEIGHTS).map(([name, weight]) => familySource(createFamily(name), weight));

function mixOf(part: Part, rows = 24, seed: number | string = 1): TaskMix {
  return new TaskMix({ sources, part, tokenizer, rows, length: LENGTH, seed });
}

/** The packed items of a batch as text, read back from the segments. */
function itemsOf({ inputIds, targets, segmentIds }: TokenBatch, length: number): string[] {
  const found: number[][] = [];
  for (let at = 0; at < inputIds.length; at += 1) {
    if (segmentIds[at] === 0) continue;
    if (at % length === 0 || segmentIds[at] !== segmentIds[at - 1]) found.push([inputIds[at]!]);
    found.at(-1)!.push(targets[at]!);
  }
  return found.map((ids) => tokenizer.decode(ids));
}

const promptOf = (text: string): string => /<user>(.*)<ask>/.exec(text)![1]!;

describe('TaskMix', () => {
  test.each(PARTS)('draws items of the %s part only', (part) => {
    const mix = mixOf(part);
    for (let k = 0; k < 10; k += 1) {
      for (const text of itemsOf(mix.batch(k), LENGTH)) expect(splitOf(keyOfPrompt(promptOf(text)))).toBe(part);
    }
  });

  test('batches depend on seed and k alone', () => {
    const digest = ({ inputIds, targets, lossMask, positionIds, segmentIds }: TokenBatch): string => {
      const hash = createHash('sha256');
      for (const array of [inputIds, targets, lossMask, positionIds, segmentIds]) hash.update(array);
      return hash.digest('hex');
    };
    const one = mixOf('train');
    const forward = [0, 1, 2, 3].map((k) => digest(one.batch(k)));
    const other = mixOf('train');
    expect([3, 2, 1, 0].map((k) => digest(other.batch(k))).reverse()).toEqual(forward);
    expect(new Set([...forward, digest(mixOf('train', 24, 2).batch(0))]).size).toBe(5);
  });

  test('wastes little of its rows and counts answers only', () => {
    const mix = mixOf('train');
    let places = 0;
    let padding = 0;
    for (let k = 0; k < 20; k += 1) {
      const batch = mix.batch(k);
      places += batch.segmentIds.length;
      padding += batch.segmentIds.filter((segment) => segment === 0).length;
      const counted = [...batch.targets].filter((_, at) => batch.lossMask[at] === 1);
      const answers = itemsOf(batch, LENGTH).map((text) => text.slice(text.indexOf('<ask>') + '<ask>'.length));
      expect(tokenizer.decode(counted)).toBe(answers.join(''));
    }
    expect(padding / places).toBeLessThan(0.25);
  });

  test('gives families the shares of their weights', () => {
    const mix = mixOf('train', 200);
    const verbs = new Map<string, number>();
    let total = 0;
    for (let k = 0; k < 10; k += 1) {
      for (const text of itemsOf(mix.batch(k), LENGTH)) {
        const verb = /^[a-z]+/.exec(promptOf(text))?.[0] ?? 'add';
        verbs.set(verb, (verbs.get(verb) ?? 0) + 1);
        total += 1;
      }
    }
    const all = Object.values(WEIGHTS).reduce((sum, weight) => sum + weight, 0);
    const expected = { add: 3, max: 1.5, up: 0.7, what: 2, copy: 2.5, sort: 2.5, rev: 1, rot: 1, next: 1 };
    for (const [verb, weight] of Object.entries(expected)) {
      expect(Math.abs((verbs.get(verb) ?? 0) / total - weight / all)).toBeLessThan(0.015);
    }
  });

  test('takes the examples of a file as one more source', () => {
    const examples: Example[] = Array.from({ length: 300 }, (_, i) => {
      const prompt = `question ${i}`;
      return { family: 'file', key: prompt, prompt, answer: `${i}`, difficulty: 1 };
    });
    const own = exampleSource('own.jsonl', examples, 1);
    const mix = new TaskMix({ sources: [own], part: 'select', tokenizer, rows: 8, length: LENGTH, seed: 1 });
    const found = new Set(Array.from({ length: 30 }, (_, k) => itemsOf(mix.batch(k), LENGTH).map(promptOf)).flat());
    expect(found).toEqual(new Set(examples.map(({ key }) => key).filter((key) => splitOf(key) === 'select')));
  });

  test('refuses bad weights, empty parts and items longer than a row before training', () => {
    const mix = (overrides: object): (() => TaskMix) => {
      const options = { sources, part: 'train' as const, tokenizer, rows: 2, length: LENGTH, seed: 1 };
      return () => new TaskMix({ ...options, ...overrides });
    };
    for (const shape of [{ rows: 0 }, { rows: 1.5 }, { length: Number.NaN }, { rows: 2 ** 20 }]) {
      expect(mix(shape)).toThrow('a batch has 1 to');
    }
    expect(mix({ sources: [] })).toThrow('at least one source');
    expect(mix({ sources: [familySource(createFamily('add'), 0)] })).toThrow('every weight');
    expect(mix({ length: 20 })).toThrow(/an item of \S+ takes \d+ places, but a row has 20/);
    const one: Example = { family: 'file', key: 'k', prompt: 'k', answer: 'a', difficulty: 1 };
    const empty = PARTS.find((part) => part !== splitOf('k'))!;
    expect(mix({ sources: [exampleSource('f.jsonl', [one], 1)], part: empty })).toThrow(
      'f.jsonl has no example in the',
    );
    const tiny = createFamily('up', { minLength: 1, maxLength: 1 });
    const parts = new Set(Array.from('abcdefghijklmnopqrstuvwxyz', (letter) => splitOf(`up ${letter}`)));
    for (const part of PARTS) {
      const make = mix({ sources: [familySource(tiny, 1)], part });
      if (parts.has(part)) expect(make).not.toThrow();
      else expect(make).toThrow(`none in the ${part} part`);
    }
  });
});

describe('distinctItems', () => {
  test('are different, of their part, and the same for the same seed', () => {
    const items = distinctItems(createFamily('add'), 'report', 100, 1);
    expect(new Set(items.map((item) => item.prompt)).size).toBe(100);
    expect(items.every((item) => splitOf(item.key) === 'report')).toBe(true);
    expect(distinctItems(createFamily('add'), 'report', 100, 1)).toEqual(items);
    expect(distinctItems(createFamily('add'), 'report', 100, 2)).not.toEqual(items);
  });

  test('are all there are when a part is small, and not repeated', () => {
    const family = createFamily('parity');
    const all = [...family.enumerate!()].filter((item) => splitOf(item.key) === 'report').map((item) => item.prompt);
    const found = distinctItems(family, 'report', 200, 1).map((item) => item.prompt);
    expect(found.sort()).toEqual(all.sort());
    expect(all.length).toBeLessThan(200);
  });
});
