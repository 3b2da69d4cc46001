import { readFileSync } from 'node:fs';
import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { byteTokenizer } from './byte-tokenizer.js';
import { tokenizerFromJson } from './load-tokenizer.js';

const tokenizer = byteTokenizer();
const [json, config] = tokenizer.files().map((f) => f.json as object);
const library = tokenizerFromJson(json!, config!);
const anyText = fc.string({ unit: 'binary', maxLength: 60 });

describe('byteTokenizer', () => {
  test('has one token per byte and the special tokens after them', () => {
    expect(tokenizer.vocabSize).toBe(272);
    expect(tokenizer.encode('aé<eos>')).toEqual([0x61, 0xc3, 0xa9, 257]);
    expect([tokenizer.bosId, tokenizer.eosId, tokenizer.padId]).toEqual([256, 257, 258]);
    for (let id = 0; id < 272; id++) expect(tokenizer.tokenToId(tokenizer.idToToken(id)!)).toBe(id);
  });

  test('gives every text back exactly', () => {
    fc.assert(
      fc.property(anyText, (text) => tokenizer.decode(tokenizer.encode(text)) === text.toWellFormed()),
      { seed: 1, numRuns: 500 },
    );
  });

  test('is the same tokenizer as its own tokenizer.json', () => {
    const mixed = fc
      .array(fc.oneof(anyText, fc.constantFrom(...tokenizer.specialTokens)), { maxLength: 6 })
      .map((parts) => parts.join('').toWellFormed());
    fc.assert(
      fc.property(mixed, (text) => {
        expect(library.encode(text)).toEqual(tokenizer.encode(text));
        const ids = tokenizer.encode(text);
        expect(library.decode(ids)).toBe(tokenizer.decode(ids));
        expect(library.decode(ids, { skipSpecialTokens: true })).toBe(
          tokenizer.decode(ids, { skipSpecialTokens: true }),
        );
      }),
      { seed: 2, numRuns: 300 },
    );
  });

  test('gives in the tokenizers library, from its own file, the ids and texts it gives here', () => {
    const { encodings, decodings } = JSON.parse(
      readFileSync(new URL('../../fixtures/byte-tokenizer/expected.json', import.meta.url), 'utf8'),
    ) as {
      encodings: { text: string; ids: number[]; decoded: string; decoded_skip_special: string }[];
      decodings: { ids: number[]; decoded: string; decoded_skip_special: string }[];
    };
    for (const { text, ids } of encodings) expect({ text, ids: tokenizer.encode(text) }).toEqual({ text, ids });
    for (const { ids, decoded, decoded_skip_special } of [...encodings, ...decodings]) {
      expect({ ids, text: tokenizer.decode(ids) }).toEqual({ ids, text: decoded });
      expect(tokenizer.decode(ids, { skipSpecialTokens: true })).toBe(decoded_skip_special);
    }
  });

  test('refuses special tokens that it could not use', () => {
    expect(() => byteTokenizer(['<bos>', '<eos>'])).toThrow('<pad>');
    expect(() => byteTokenizer(['<bos>', '<eos>', '<pad>', '<bos>'])).toThrow('differ');
  });
});
