import { describe, expect, test } from '@jest/globals';
import { byteTokenizer } from '../tokenizer/byte-tokenizer.js';
import type { BatchSource } from '../training/batch.js';
import { initWeights } from '../training/init.js';
import { tinyConfig } from '../training/testing.js';
import { trainLanguageModel } from '../training/train-language-model.js';
import type { Model } from '../weights.js';
import { generateText } from './generate-text.js';
import { createGenerator } from './token-generator.js';

const tokenizer = byteTokenizer();
const config = tinyConfig({ vocab_size: tokenizer.vocabSize, eos_token_id: tokenizer.eosId });
const untrained: Model = { config, weights: initWeights({ ...config, initializerRange: 0.3 }, 4), tokenizer };
const POEM = 'Füchse 🦊 grüßen Bären 🐻.';

/** A model that knows one line by heart, every character of more than one byte included. */
async function parrot(line = POEM): Promise<Model> {
  const ids = [...tokenizer.encode(line), tokenizer.eosId!];
  const length = ids.length - 1;
  const source: BatchSource = {
    rows: 1,
    length,
    packed: false,
    batch: () => ({
      inputIds: Int32Array.from(ids.slice(0, -1)),
      targets: Int32Array.from(ids.slice(1)),
      lossMask: new Float32Array(length).fill(1),
      positionIds: Int32Array.from({ length }, (_, i) => i),
      segmentIds: new Int32Array(length),
    }),
  };
  const fresh: Model = { config, weights: initWeights(config, 2), tokenizer };
  const optimizer = { name: 'adamw', learningRate: 1e-2 } as const;
  return (await trainLanguageModel({ model: fresh, source, steps: 120, optimizer, threads: 1 })).model;
}

describe('a line known by heart', () => {
  const trained = parrot();

  test('comes in pieces that are never half a character, and ends with its end token', async () => {
    const pieces: string[] = [];
    const found = await generateText(await trained, 'Fü', { threads: 1, onText: (piece) => pieces.push(piece) });
    expect(found).toMatchObject({ text: POEM.slice(2), finish: 'stop', promptTokens: 3 });
    expect(found.tokenIds).toEqual([...tokenizer.encode(POEM.slice(2)), tokenizer.eosId]);
    expect(pieces.join('')).toBe(found.text);
    expect(pieces).toContain('🦊');
    expect(pieces.length).toBe([...found.text].length);
    for (const piece of pieces) expect(piece).not.toContain('\ufffd');
  });

  test('ends before a stop text, whether or not tokens are cut by it', async () => {
    const stopped = await generateText(await trained, 'Fü', { threads: 1, stopTexts: ['n B'] });
    expect(stopped).toMatchObject({ text: 'chse 🦊 grüße', finish: 'stop' });
  });

  test('cut at the limit inside a character, the rest is shown as what it is', async () => {
    const { text, finish } = await generateText(await trained, 'Füchse ', { threads: 1, maxTokens: 2 });
    expect([text, finish]).toEqual(['\ufffd', 'length']);
  });
});

test('thoughts are hidden unless they are asked for', async () => {
  const thinker = await parrot('1+1+1 <think>12</think>=3');
  const answer = (showThoughts: boolean) =>
    generateText(thinker, '1+1+1 ', { threads: 1, temperature: 0, showThoughts });
  expect((await answer(false)).text).toBe('=3');
  expect((await answer(true)).text).toBe('<think>12</think>=3');
});

test('a seed gives the same text again, and a generator can be used again', async () => {
  const generator = await createGenerator(untrained, { threads: 1 });
  const write = async (seed: number) =>
    (await generateText(untrained, 'a', { generator, temperature: 1, seed, maxTokens: 30 })).tokenIds;
  expect(await write(1)).toEqual(await write(1));
  expect(await write(2)).not.toEqual(await write(1));
  await generator.release();
});

test('without a limit it stays inside the context', async () => {
  const { tokenIds } = await generateText(untrained, 'abc', { threads: 1, stopTokens: [] });
  expect(tokenIds).toHaveLength(config.maxPositionEmbeddings - 3);
});

test('where the configuration names no end token, the tokenizer does', async () => {
  const trained = await parrot();
  const unnamed = { ...trained, config: { ...trained.config, eosTokenId: [] } };
  expect((await generateText(unnamed, 'Fü', { threads: 1 })).text).toBe(POEM.slice(2));
});

test('a long context is there when it is asked for', async () => {
  const long: Model = { ...untrained, config: { ...config, maxPositionEmbeddings: 100_000 } };
  const { tokenIds } = await generateText(long, 'a'.repeat(5000), { threads: 1, stopTokens: [], maxTokens: 3 });
  expect(tokenIds).toHaveLength(3);
});

test.each([
  { title: 'an empty prompt', prompt: '', options: {}, code: 'INVALID_ARGUMENT', message: /prompt is empty/ },
  {
    title: 'an empty stop text',
    prompt: 'a',
    options: { stopTexts: [''] },
    code: 'INVALID_ARGUMENT',
    message: /stop text/,
  },
  {
    title: 'a prompt as long as the context',
    prompt: 'a'.repeat(64),
    options: {},
    code: 'INVALID_ARGUMENT',
    message: /context is 64/,
  },
])('refuses $title', async ({ prompt, options, code, message }) => {
  await expect(generateText(untrained, prompt, options)).rejects.toMatchObject({
    code,
    message: expect.stringMatching(message),
  });
});

test('refuses a model without a tokenizer', async () => {
  await expect(generateText({ ...untrained, tokenizer: null }, 'a')).rejects.toMatchObject({
    code: 'TOKENIZER_INVALID',
  });
});
