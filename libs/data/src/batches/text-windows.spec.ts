import { readFileSync } from 'node:fs';
import { describe, expect, test } from '@jest/globals';
import { byteTokenizer, type TokenBatch } from '@agent-forge/model';
import { parseText } from '../readers/text.js';
import { TextWindows } from './text-windows.js';

const tokenizer = byteTokenizer();
const book = parseText(readFileSync(new URL('../../../../recipes/data/emma.txt', import.meta.url)), 'emma.txt');
const train = book.filter((block) => block.part === 'train').map((block) => block.text);

/** The tokens of each segment of a batch: its inputs and the target after the last. */
function windowsOf({ inputIds, targets, segmentIds, positionIds }: TokenBatch, length: number): string[] {
  const found: number[][] = [];
  let broken = 0;
  for (let at = 0; at < inputIds.length; at += 1) {
    if (at % length === 0 || segmentIds[at] !== segmentIds[at - 1]) found.push([inputIds[at]!]);
    if (positionIds[at] !== found.at(-1)!.length - 1 || inputIds[at] !== found.at(-1)!.at(-1)) broken += 1;
    found.at(-1)!.push(targets[at]!);
  }
  expect(broken).toBe(0);
  return found.map((ids) => tokenizer.decode(ids));
}

describe('windows of the book', () => {
  const windows = new TextWindows({ texts: train, tokenizer, rows: 8, length: 128, seed: 1 });

  test('lie inside one train block each, and never reach select, report or across a border', () => {
    expect(windows.packed).toBe(false);
    const other = book.filter((block) => block.part !== 'train').map((block) => block.text);
    for (let k = 0; k < 40; k += 1) {
      const found = windowsOf(windows.batch(k), 128);
      expect(found.length).toBe(8);
      for (const window of found) {
        expect(window.length).toBe(129);
        expect(train.some((text) => text.includes(window))).toBe(true);
        expect(other.some((text) => text.includes(window))).toBe(false);
      }
    }
  });

  test('count every token, and depend on seed and k alone', () => {
    const again = new TextWindows({ texts: train, tokenizer, rows: 8, length: 128, seed: '1' });
    const batches = [0, 1, 2, 3].map((k) => windows.batch(k));
    expect([3, 1, 2, 0].map((k) => again.batch(k))).toEqual([3, 1, 2, 0].map((k) => batches[k]));
    expect(batches[0]!.lossMask.every((weight) => weight === 1)).toBe(true);
    const keys = batches.map((batch) => batch.inputIds.join());
    expect(new Set(keys).size).toBe(4);
    const seed2 = new TextWindows({ texts: train, tokenizer, rows: 8, length: 128, seed: 2 });
    expect(seed2.batch(0).inputIds.join()).not.toBe(keys[0]);
  });

  test('reach every block, in proportion to its length', () => {
    const blocks = ['a'.repeat(200), 'b'.repeat(600), 'c'.repeat(1200)];
    const source = new TextWindows({ texts: blocks, tokenizer, rows: 10, length: 20, seed: 3 });
    expect(source.tokenCount).toBe(2000);
    const counts = new Map<string, number>();
    for (let k = 0; k < 300; k += 1) {
      for (const window of windowsOf(source.batch(k), 20)) {
        counts.set(window.charAt(0), (counts.get(window.charAt(0)) ?? 0) + 1);
      }
    }
    expect(['a', 'b', 'c'].map((letter) => Math.round((counts.get(letter)! / 3000) * 10))).toEqual([1, 3, 6]);
  });

  test('start and end anywhere in a block', () => {
    const text = Array.from({ length: 60 }, (_, i) => String.fromCharCode(48 + i)).join('');
    const source = new TextWindows({ texts: [text], tokenizer, rows: 4, length: 50, seed: 4 });
    const starts = new Set<number>();
    for (let k = 0; k < 60; k += 1)
      for (const window of windowsOf(source.batch(k), 50)) starts.add(text.indexOf(window));
    expect([...starts].sort((a, b) => a - b)).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9]);
  });
});

describe('blocks shorter than a row', () => {
  const texts = ['one two three', 'four five', 'six', 'x', ''];
  const source = new TextWindows({ texts, tokenizer, rows: 3, length: 40, seed: 5 });

  test('share rows as segments, fill them, and still never mix', () => {
    expect(source.packed).toBe(true);
    for (let k = 0; k < 30; k += 1) {
      const batch = source.batch(k);
      expect(batch.segmentIds.every((segment) => segment > 0)).toBe(true);
      for (const window of windowsOf(batch, 40)) expect(texts.some((text) => text.includes(window))).toBe(true);
    }
  });

  test('nothing to predict is refused', () => {
    expect(() => new TextWindows({ texts: ['x', ''], tokenizer, rows: 1, length: 4, seed: 1 })).toThrow('no block');
    expect(() => new TextWindows({ texts, tokenizer, rows: 1, length: 0, seed: 1 })).toThrow('a batch has 1 to');
  });
});
