import { fileURLToPath } from 'node:url';
import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { trainBpe } from './bpe-trainer.js';
import { byteTokenizer } from './byte-tokenizer.js';
import { loadTokenizer } from './load-tokenizer.js';
import { TokenStream } from './token-stream.js';
import type { Tokenizer } from './tokenizer.js';

const fallback = (await loadTokenizer(
  fileURLToPath(new URL('../../fixtures/tokenizers/bpe-llama2-byte-fallback', import.meta.url)),
))!;
const bytes = byteTokenizer();
const bpe = trainBpe('Größe, 世界 und 😀 — thread the thin thing, über Größe und 世界 😀😀', { vocabSize: 320 });
const anyText = fc
  .oneof(fc.string({ unit: 'binary', maxLength: 40 }), fc.string({ unit: 'grapheme', maxLength: 20 }))
  .map((text) => text.toWellFormed());

function streamed(tokenizer: Tokenizer, ids: readonly number[], skipSpecialTokens = false): string[] {
  const stream = new TokenStream(tokenizer, { skipSpecialTokens });
  return [...ids.map((id) => stream.push(id)), stream.end()];
}

describe('TokenStream', () => {
  test.each([
    ['bytes', bytes],
    ['byte pairs', bpe],
    ['byte fallback', fallback],
  ])('of %s shows whole characters only, and the text of all tokens in the end', (name, tokenizer) => {
    // The fixture's byte tokens are special tokens too: with skipping they would vanish, as they do in decode.
    fc.assert(
      fc.property(anyText, (text) => {
        const ids = tokenizer.encode(text, { addSpecialTokens: false });
        const pieces = streamed(tokenizer, ids);
        expect(pieces.join('')).toBe(tokenizer.decode(ids));
        if (!text.includes('\ufffd')) expect(pieces.join('')).not.toContain('\ufffd');
      }),
      { seed: 4, numRuns: name === 'bytes' ? 500 : 200 },
    );
  });

  test.each([
    ['bytes', bytes],
    ['byte pairs', bpe],
  ])('of %s equals decode for any tokens at all, also where they are no UTF-8', (_, tokenizer) => {
    const anyIds = fc.array(
      fc.oneof(fc.constantFrom(0xe2, 0x82, 0xac, 0xf0, 0x9f, 0x98, 0x80, 0xff), fc.nat(tokenizer.vocabSize - 1)),
      { maxLength: 48 },
    );
    fc.assert(
      fc.property(anyIds, fc.boolean(), (ids, skipSpecialTokens) => {
        expect(streamed(tokenizer, ids, skipSpecialTokens).join('')).toBe(tokenizer.decode(ids, { skipSpecialTokens }));
      }),
      { seed: 5, numRuns: 500 },
    );
  });

  test('holds an emoji until its last byte, then shows it at once', () => {
    expect(streamed(bytes, bytes.encode('a😀b'))).toEqual(['a', '', '', '', '😀', 'b', '']);
    expect(streamed(fallback, fallback.encode('\ufeff!', { addSpecialTokens: false })).join('')).toBe('\ufeff!');
  });

  test('keeps the spaces between words that a tokenizer puts in front of them', () => {
    const ids = fallback.encode('two  words and more', { addSpecialTokens: false });
    expect(streamed(fallback, ids).join('')).toBe('two  words and more');
  });

  test('goes on after bytes that are no character', () => {
    const text = streamed(fallback, [3 + 0xc3, 3 + 0xa9, 3 + 0xff, ...fallback.encode('then')]).join('');
    expect(text).toMatch(/then$/);
    expect(text).toContain('\ufffd');
  });

  test('decodes a bounded number of tokens per push, however long the text and however bad', () => {
    for (const id of [0x61, 0xff]) {
      let decoded = 0;
      const counting: Tokenizer = Object.create(bytes, {
        decode: {
          value: (ids: readonly number[], options?: { skipSpecialTokens?: boolean }) => {
            decoded += ids.length;
            return bytes.decode(ids, options);
          },
        },
      }) as Tokenizer;
      const stream = new TokenStream(counting);
      for (let i = 0; i < 4096; i++) stream.push(id);
      expect(decoded / 4096).toBeLessThan(2 * 64 + 8);
    }
  });
});
