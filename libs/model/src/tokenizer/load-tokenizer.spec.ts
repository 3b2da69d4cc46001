import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { loadTokenizer, tokenizerFromJson } from './load-tokenizer.js';

const FIXTURES = fileURLToPath(new URL('../../fixtures/tokenizers', import.meta.url));

interface Expected {
  readonly text: string;
  readonly ids: number[];
  readonly ids_with_special_tokens: number[];
  readonly decoded: string;
  readonly decoded_skip_special: string;
}

let dir: string;
beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), 'forge-tokenizer-'));
});
afterAll(() => rm(dir, { recursive: true, force: true }));

describe.each(['bpe-llama3-split', 'bpe-gpt2-nfc', 'bpe-llama2-byte-fallback'])(
  '%s agrees with the tokenizers library',
  (name) => {
    test('on every text, with and without special tokens, there and back', async () => {
      const tokenizer = (await loadTokenizer(join(FIXTURES, name)))!;
      const file = JSON.parse(await readFile(join(FIXTURES, name, 'expected.json'), 'utf8')) as Expected[];
      expect(file.length).toBeGreaterThan(20);
      for (const { text, ids, ids_with_special_tokens, decoded, decoded_skip_special } of file) {
        expect(tokenizer.encode(text, { addSpecialTokens: false })).toEqual(ids);
        expect(tokenizer.encode(text)).toEqual(ids_with_special_tokens);
        expect(tokenizer.decode(ids)).toBe(decoded);
        expect(tokenizer.decode(ids_with_special_tokens, { skipSpecialTokens: true })).toBe(decoded_skip_special);
      }
    });

    test('is written as it was read', async () => {
      const tokenizer = (await loadTokenizer(join(FIXTURES, name)))!;
      const [json, config] = tokenizer.files().map((f) => f.json as object);
      const again = tokenizerFromJson(json!, config!);
      expect(again.vocabSize).toBe(tokenizer.vocabSize);
      expect(again.encode('Grüße, 12 tokens')).toEqual(tokenizer.encode('Grüße, 12 tokens'));
    });
  },
);

describe('loadTokenizer', () => {
  test('gives null for a folder without one', async () => {
    expect(await loadTokenizer(dir)).toBeNull();
  });

  test.each([
    ['not JSON', '{'],
    ['a list', '[]'],
    ['an empty object', '{}'],
    ['an unknown model', '{"model":{"type":"Sorcery"}}'],
  ])('refuses %s with one clear line', async (_, content) => {
    await writeFile(join(dir, 'tokenizer.json'), content);
    const failure = await loadTokenizer(dir).then(
      () => null,
      (e: unknown) => e as { code: string; message: string },
    );
    expect(failure?.code).toBe('TOKENIZER_INVALID');
    expect(failure?.message).not.toContain('\n');
    await rm(join(dir, 'tokenizer.json'));
  });
});
