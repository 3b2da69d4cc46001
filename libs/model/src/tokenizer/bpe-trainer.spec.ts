import { readFileSync } from 'node:fs';
import { describe, expect, test } from '@jest/globals';
import { trainBpe } from './bpe-trainer.js';

const fixture = (name: string): string =>
  readFileSync(new URL(`../../fixtures/trained-bpe/${name}`, import.meta.url), 'utf8');
const corpus = fixture('corpus.txt');

/** The merges that `tokenizers` 0.23 learns from the same text, words and alphabet, and its answers for our file. */
const merges = JSON.parse(fixture('merges.json')) as [string, string][];
const expected = JSON.parse(fixture('expected.json')) as {
  encodings: { text: string; ids: number[]; decoded: string; decoded_skip_special: string }[];
  decodings: { ids: number[]; decoded: string; decoded_skip_special: string }[];
};

interface Bpe {
  readonly model: { readonly vocab: Record<string, number>; readonly merges: [string, string][] };
}
const bpeOf = (t: ReturnType<typeof trainBpe>): Bpe['model'] => (t.files()[0]!.json as Bpe).model;

describe('byte-pair training', () => {
  const tokenizer = trainBpe(corpus, { vocabSize: 1000 });

  test('learns the merges that the tokenizers library learns, in its order', () => {
    expect(bpeOf(tokenizer).merges).toEqual(merges);
    expect(tokenizer.vocabSize).toBe(1000);
  });

  test('its file gives in the tokenizers library the ids and texts it gives here', () => {
    for (const { text, ids, decoded } of expected.encodings) {
      expect({ text, ids: tokenizer.encode(text) }).toEqual({ text, ids });
      expect(tokenizer.decode(ids)).toBe(decoded);
    }
    for (const { ids, decoded, decoded_skip_special } of expected.decodings) {
      expect({ ids, text: tokenizer.decode(ids) }).toEqual({ ids, text: decoded });
      expect(tokenizer.decode(ids, { skipSpecialTokens: true })).toBe(decoded_skip_special);
    }
  });

  test('keeps bytes at their value, special tokens from 256 on, and shortens the text', () => {
    expect(tokenizer.encode('\n')).toEqual([10]);
    expect([tokenizer.bosId, tokenizer.eosId, tokenizer.padId]).toEqual([256, 257, 258]);
    expect(tokenizer.encode(corpus).length).toBeLessThan(new TextEncoder().encode(corpus).length / 2);
    expect(tokenizer.decode(tokenizer.encode(corpus))).toBe(corpus);
  });

  test('a text in parts is the same text, and a shorter vocabulary is the beginning of a longer one', () => {
    const lines = corpus.split(/(?<=\n)(?=\S)/u).filter((line) => line !== '');
    const small = trainBpe(lines, { vocabSize: 400 });
    expect(bpeOf(small).merges).toEqual(bpeOf(trainBpe(lines.join(''), { vocabSize: 400 })).merges);
    expect(bpeOf(trainBpe(corpus, { vocabSize: 400 })).merges).toEqual(merges.slice(0, 400 - 256 - 16));
  });

  test('every learnt pair was frequent enough: counted again from the text', () => {
    const { merges: learnt } = bpeOf(trainBpe('aaab aaab aaab xy', { vocabSize: 1000, minFrequency: 3 }));
    expect(learnt).toEqual([
      ['a', 'a'],
      ['a', 'b'],
      ['aa', 'ab'],
    ]);
  });

  test('special tokens in the text are not learnt from and never spelled by a merge', () => {
    const special = ['<bos>', '<eos>', '<pad>', 'hello'];
    const t = trainBpe('hello hello hello jello jello <eos><eos><eos> thello thello', { vocabSize: 400, special });
    expect(t.encode('say hello')).toContain(259);
    const { merges: learnt } = bpeOf(t);
    expect(learnt.map((pair) => pair.join(''))).not.toContain('hello');
    expect(learnt.map((pair) => pair.join(''))).not.toContain('eos');
  });

  test('a text without spaces, or empty, is no trouble', () => {
    const dna = Array.from({ length: 40_000 }, (_, i) => 'ACGT'[(i * i + (i >> 3)) & 3]).join('');
    const t = trainBpe(dna, { vocabSize: 300 });
    expect(t.decode(t.encode(dna.slice(0, 500)))).toBe(dna.slice(0, 500));
    expect(trainBpe('', { vocabSize: 300 }).vocabSize).toBe(272);
  });

  test.each([[100], [271], [2 ** 20], [300.5], [Number.NaN]])('refuses a vocabulary of %p', (vocabSize) => {
    expect(() => trainBpe(corpus, { vocabSize })).toThrow(
      expect.objectContaining({ code: 'INVALID_ARGUMENT' }) as unknown as Error,
    );
  });
});
