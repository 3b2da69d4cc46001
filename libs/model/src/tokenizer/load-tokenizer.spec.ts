import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { byteTokenizer } from './byte-tokenizer.js';
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

interface More {
  readonly encodings: { text: string; ids: number[]; decoded: string; decoded_skip_special: string }[];
  readonly decodings: { ids: number[]; decoded: string; decoded_skip_special: string }[];
}

describe('the faults of the JavaScript library are mended: the tokenizers library gives', () => {
  const fixture = async (name: string): Promise<unknown> =>
    JSON.parse(await readFile(join(FIXTURES, '..', name), 'utf8'));

  test('the same for odd white space, marks, and tokens in no order, down to bytes that are no UTF-8', async () => {
    for (const [name, { encodings, decodings }] of Object.entries(
      (await fixture('tokenizers-more.json')) as Record<string, More>,
    )) {
      const tokenizer = (await loadTokenizer(join(FIXTURES, name)))!;
      for (const { text, ids } of encodings)
        expect({ name, text, ids: tokenizer.encode(text, { addSpecialTokens: false }) }).toEqual({ name, text, ids });
      for (const { ids, decoded, decoded_skip_special } of [...encodings, ...decodings]) {
        expect({ name, ids, text: tokenizer.decode(ids) }).toEqual({ name, ids, text: decoded });
        expect(tokenizer.decode(ids, { skipSpecialTokens: true })).toBe(decoded_skip_special);
      }
    }
  });

  test('the same where U+FEFF and U+0085 decide about the words of a ByteLevel pattern', async () => {
    const { tokenizer: json, encodings } = (await fixture('byte-level-white-space.json')) as {
      tokenizer: object;
      encodings: { text: string; ids: number[] }[];
    };
    const tokenizer = tokenizerFromJson(json, {});
    for (const { text, ids } of encodings) expect({ text, ids: tokenizer.encode(text) }).toEqual({ text, ids });
  });

  test('nothing for no tokens and for ids without one', () => {
    const tokenizer = byteTokenizer();
    const [json, config] = tokenizer.files().map((f) => f.json as object);
    for (const each of [tokenizer, tokenizerFromJson(json!, config!)]) {
      expect(each.decode([])).toBe('');
      expect(each.decode([104, 9999, 105, -1])).toBe('hi');
    }
  });
});

describe('loadTokenizer', () => {
  test('takes a chat template from its file', async () => {
    for (const { name, json } of byteTokenizer().files()) await writeFile(join(dir, name), JSON.stringify(json));
    await writeFile(join(dir, 'chat_template.jinja'), '{{ messages }}');
    const [, config] = (await loadTokenizer(dir))!.files();
    expect(config!.json).toMatchObject({ eos_token: '<eos>', chat_template: '{{ messages }}' });
    for (const name of ['tokenizer.json', 'tokenizer_config.json', 'chat_template.jinja']) await rm(join(dir, name));
  });

  test('gives null for a folder without one', async () => {
    expect(await loadTokenizer(dir)).toBeNull();
  });

  test.each([
    ['not JSON', '{'],
    ['a list', '[]'],
    ['an empty object', '{}'],
    ['an unknown model', '{"model":{"type":"Sorcery"}}'],
    ['a vocabulary that is none', '{"model":{"type":"BPE","vocab":7,"merges":[]}}'],
    ['no merges', '{"model":{"type":"BPE","vocab":{"a":0}}}'],
    ['a huge id', '{"model":{"type":"BPE","vocab":{"a":4000000000},"merges":[]}}'],
    ['a negative id', '{"model":{"type":"BPE","vocab":{"a":-1},"merges":[]}}'],
    ['an id that is a text', '{"model":{"type":"BPE","vocab":{"a":"0"},"merges":[]}}'],
    ['one id for two tokens', '{"model":{"type":"BPE","vocab":{"a":0,"b":0},"merges":[]}}'],
    [
      "an added token of another one's id",
      '{"added_tokens":[{"id":0,"content":"<s>"}],"model":{"type":"BPE","vocab":{"a":0},"merges":[]}}',
    ],
    ['an added token without text', '{"added_tokens":[{"id":1}],"model":{"type":"BPE","vocab":{"a":0},"merges":[]}}'],
    ['a merge that is no pair', '{"model":{"type":"BPE","vocab":{"a":0,"b":1,"ab":2},"merges":["ab"]}}'],
    ['a merge of a token that is not there', '{"model":{"type":"BPE","vocab":{"a":0,"ab":2},"merges":["a b"]}}'],
    ['a merge into a token that is not there', '{"model":{"type":"BPE","vocab":{"a":0,"b":1},"merges":[["a","b"]]}}'],
    ['an unknown token that is not there', '{"model":{"type":"BPE","unk_token":"?","vocab":{"a":0},"merges":[]}}'],
    [
      'an unknown part',
      '{"normalizer":{"type":"Sorcery"},"pre_tokenizer":null,"post_processor":null,"decoder":null,"model":{"type":"BPE","vocab":{"a":0},"merges":[]}}',
    ],
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

  test('a part that is malformed and only comes up in use is refused there', () => {
    const [json] = byteTokenizer()
      .files()
      .map((f) => f.json as Record<string, unknown>);
    const broken = [
      { ...json, post_processor: { type: 'TemplateProcessing', special_tokens: {} } },
      { ...json, post_processor: { type: 'TemplateProcessing', single: [7], special_tokens: {} } },
    ];
    for (const each of broken)
      expect(() => tokenizerFromJson(each, {}).encode('a')).toThrow(
        expect.objectContaining({ code: 'TOKENIZER_INVALID', retry: 'permanent' }) as unknown as Error,
      );
  });
});
