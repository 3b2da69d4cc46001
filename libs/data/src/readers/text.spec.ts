import { readFileSync } from 'node:fs';
import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { PARTS, splitOf } from '../split.js';
import { MAX_BLOCK_BYTES, MIN_BLOCK_BYTES } from './limits.js';
import { cutText, parseText } from './text.js';

const BOOK = readFileSync(new URL('../../../../recipes/data/emma.txt', import.meta.url));

describe('blocks of the book', () => {
  const blocks = parseText(BOOK, 'emma.txt');

  test('are the whole text, each at least 4 KiB and ending with a paragraph where there is one', () => {
    expect(blocks.map((block) => block.text).join('')).toBe(BOOK.toString('utf8'));
    for (const { text } of blocks) {
      expect(text.length).toBeGreaterThanOrEqual(MIN_BLOCK_BYTES);
      expect(text.length).toBeLessThanOrEqual(2 * MAX_BLOCK_BYTES);
    }
    // One letter in the book has paragraphs of over 4 KiB: their blocks end with a line.
    expect(blocks.filter(({ text }) => !text.endsWith('\n')).length).toBe(0);
    expect(blocks.slice(0, -1).filter(({ text }) => !text.endsWith('\n\n')).length).toBe(3);
  });

  test('fall into all three parts, about 80 to 10 to 10 in bytes', () => {
    const share = (part: string): number =>
      blocks.filter((block) => block.part === part).reduce((sum, { text }) => sum + text.length, 0) / BOOK.length;
    for (const part of PARTS) expect(Math.abs(share(part) - (part === 'train' ? 0.8 : 0.1))).toBeLessThan(0.06);
  });

  test('are in the part of their content, whatever line ends and capitals a copy has', () => {
    for (const { text, part } of blocks) {
      expect(splitOf(text.replaceAll('\n', '\r\n'))).toBe(part);
      expect(splitOf(text.toUpperCase())).toBe(part);
    }
  });
});

describe('cutting', () => {
  const pieces = fc.constantFrom(
    'word ',
    'ü',
    '漢',
    '🙂',
    '\n',
    '\n\n',
    '\r\n\r\n',
    'x'.repeat(3000),
    '漢'.repeat(2000),
  );

  test('loses nothing, splits no character and keeps the least size, for any text', () => {
    fc.assert(
      fc.property(fc.array(pieces, { minLength: 1, maxLength: 40 }), (parts) => {
        const bytes = Buffer.from(parts.join(''));
        const blocks = cutText(bytes);
        expect(blocks.map((block) => block.text).join('')).toBe(bytes.toString('utf8'));
        const sizes = blocks.map((block) => Buffer.byteLength(block.text));
        expect(sizes.every((size) => size >= Math.min(MIN_BLOCK_BYTES, bytes.length))).toBe(true);
        expect(sizes.every((size) => size <= MAX_BLOCK_BYTES + MIN_BLOCK_BYTES)).toBe(true);
      }),
      { seed: 1, numRuns: 500 },
    );
  });

  test('prefers a paragraph to a line and a line to a blank', () => {
    const cut = (filler: string): string => cutText(Buffer.from(filler + 'y'.repeat(20_000)))[0]!.text;
    expect(cut(`${'x'.repeat(5000)} a\nb\n\n`)).toMatch(/b\n\n$/);
    expect(cut(`${'x'.repeat(5000)} a\nb `)).toMatch(/a\n$/);
    expect(cut(`${'x'.repeat(5000)} a b `)).toMatch(/a b $/);
    expect(cut(`${'x'.repeat(5000)} a\nb\r\n\r\n`)).toMatch(/b\r\n\r\n$/);
  });
});

describe('what is not UTF-8 text', () => {
  const refused =
    (bytes: Buffer): (() => unknown) =>
    () =>
      parseText(bytes, 'some.txt');

  test('is refused with its line', () => {
    expect(refused(Buffer.from('one\ntwo\nth\xffree\n', 'latin1'))).toThrow('some.txt:3: not UTF-8');
    expect(refused(Buffer.from('one\ntwo\n\xe4', 'latin1'))).toThrow('some.txt:3: not UTF-8');
    expect(refused(Buffer.from('one\nt\0wo'))).toThrow('some.txt:2: a NUL byte');
    expect(refused(Buffer.from('one\ntwo', 'utf16le'))).toThrow('some.txt:1: a NUL byte');
    expect(refused(Buffer.alloc(0))).toThrow('some.txt is empty');
    expect(refused(Buffer.from('\ufeff'))).toThrow('some.txt is empty');
  });

  test('a byte order mark is dropped at the start and kept elsewhere', () => {
    expect(parseText(Buffer.from('\ufeffabc\ufeff'), 'x')[0]!.text).toBe('abc\ufeff');
  });
});
