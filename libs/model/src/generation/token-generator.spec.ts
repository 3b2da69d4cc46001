import { describe, expect, test } from '@jest/globals';
import { Rng } from '@agent-forge/contracts';
import { fullLogits } from '../testing/full-logits.js';
import { HF_FIXTURES, readHfFixture } from '../testing/hf-fixtures.js';
import { initWeights } from '../training/init.js';
import { tinyConfig } from '../training/testing.js';
import type { Model } from '../weights.js';
import { greedyToken } from './sampling.js';
import { type GenerateOptions, type GeneratedToken, type TokenGenerator, createGenerator } from './token-generator.js';

const config = tinyConfig();
const model: Model = { config, weights: initWeights({ ...config, initializerRange: 0.3 }, 9), tokenizer: null };
const rng = Rng.derive(6, 'prompts');
const PROMPTS = [5, 1, 13, 5, 2].map((n) => Array.from({ length: n }, () => rng.int(config.vocabSize)));

async function collect(generator: TokenGenerator, prompts: readonly number[][], options: GenerateOptions) {
  const tokens: GeneratedToken[] = [];
  for await (const token of generator.generate(prompts, options)) tokens.push(token);
  const of = (i: number) => tokens.filter((t) => t.prompt === i);
  return {
    ids: prompts.map((_, i) => of(i).map((t) => t.tokenId)),
    finish: prompts.map((_, i) => of(i).at(-1)!.finish),
    tokens,
  };
}

async function withGenerator<T>(batchSize: number, work: (generator: TokenGenerator) => Promise<T>): Promise<T> {
  const generator = await createGenerator(model, { threads: 1, batchSize });
  try {
    return await work(generator);
  } finally {
    await generator.release();
  }
}

test.each(HF_FIXTURES)('%s: greedy tokens are those of transformers', async (name) => {
  const { model, greedyIds } = await readHfFixture(name);
  const generator = await createGenerator(model, { threads: 1 });
  const { ids } = await collect(generator, [greedyIds.slice(0, 8)], {
    maxTokens: greedyIds.length - 8,
    stopTokens: [],
  });
  await generator.release();
  expect(ids[0]).toEqual(greedyIds.slice(8));
});

describe('greedy', () => {
  test('every token is the likeliest of the plain forward pass', async () => {
    const { ids } = await withGenerator(1, (g) => collect(g, [PROMPTS[0]!], { maxTokens: 12 }));
    const sequence = [...PROMPTS[0]!];
    for (const id of ids[0]!) {
      expect(id).toBe(greedyToken((await fullLogits(model, sequence)).at(-1)!));
      sequence.push(id);
    }
  });

  test('prompts of different lengths together give what each gives alone', async () => {
    const options = { maxTokens: 20 };
    const alone = await withGenerator(1, (g) => collect(g, PROMPTS, options));
    for (const batchSize of [2, 5]) {
      const together = await withGenerator(batchSize, (g) => collect(g, PROMPTS, options));
      expect(together.ids).toEqual(alone.ids);
    }
    expect(new Set(alone.ids.map(String)).size).toBe(PROMPTS.length);
  });
});

describe('sampled', () => {
  const options = { maxTokens: 16, temperature: 1, topK: 20, topP: 0.95 };

  test('a seed gives the same tokens again, another seed others', async () => {
    await withGenerator(3, async (g) => {
      const first = await collect(g, PROMPTS, { ...options, seed: 7 });
      expect((await collect(g, PROMPTS, { ...options, seed: 7 })).ids).toEqual(first.ids);
      expect((await collect(g, PROMPTS, { ...options, seed: 8 })).ids).not.toEqual(first.ids);
    });
  });

  test('the batch does not matter, and equal prompts get different continuations', async () => {
    const same = [PROMPTS[0]!, PROMPTS[0]!, PROMPTS[2]!];
    const alone = await withGenerator(1, (g) => collect(g, same, options));
    expect((await withGenerator(3, (g) => collect(g, same, options))).ids).toEqual(alone.ids);
    expect(alone.ids[0]).not.toEqual(alone.ids[1]);
  });
});

describe('stop tokens', () => {
  test('end their own sequence only, and are its last token', async () => {
    await withGenerator(5, async (g) => {
      const free = await collect(g, PROMPTS, { maxTokens: 12 });
      const stop = free.ids[2]![4]!;
      const { ids, finish } = await collect(g, PROMPTS, { maxTokens: 12, stopTokens: [stop] });
      ids.forEach((got, i) => {
        const at = free.ids[i]!.indexOf(stop);
        expect(got).toEqual(at < 0 ? free.ids[i] : free.ids[i]!.slice(0, at + 1));
        expect(finish[i]).toBe(at < 0 ? 'length' : 'stop');
      });
      expect(finish).toContain('stop');
      expect(finish).toContain('length');
    });
  });

  test('are the end tokens of the model unless given', async () => {
    const free = await withGenerator(1, (g) => collect(g, [PROMPTS[0]!], { maxTokens: 8 }));
    const ending: Model = { ...model, config: { ...config, eosTokenId: [free.ids[0]![3]!] } };
    const generator = await createGenerator(ending, { threads: 1 });
    const { ids, finish } = await collect(generator, [PROMPTS[0]!], { maxTokens: 8 });
    expect(finish).toEqual(['stop']);
    expect(ids[0]).toEqual(free.ids[0]!.slice(0, free.ids[0]!.indexOf(ids[0]!.at(-1)!) + 1));
    expect((await collect(generator, [PROMPTS[0]!], { maxTokens: 8, stopTokens: [] })).ids).toEqual(free.ids);
    await generator.release();
  });
});

test('tokens come one by one, each prompt counted from 0', async () => {
  const { tokens } = await withGenerator(2, (g) => collect(g, PROMPTS.slice(0, 2), { maxTokens: 3 }));
  expect(tokens.map((t) => [t.prompt, t.index, t.finish])).toEqual(
    [0, 1, 2].flatMap((i) => [0, 1].map((p) => [p, i, i === 2 ? 'length' : null])),
  );
});

test('a prompt longer than one call is read in pieces', async () => {
  const long = tinyConfig({ max_position_embeddings: 4096, vocab_size: 40 });
  const weights = initWeights({ ...long, initializerRange: 0.3 }, 2);
  const prompt = Array.from({ length: 1500 }, (_, i) => (i * i) % 40);
  const generator = await createGenerator({ config: long, weights, tokenizer: null }, { threads: 1 });
  const { ids } = await collect(generator, [prompt], { maxTokens: 2 });
  await generator.release();
  const full = await fullLogits({ config: long, weights, tokenizer: null }, [...prompt, ids[0]![0]!]);
  expect(ids[0]).toEqual([greedyToken(full.at(-2)!), greedyToken(full.at(-1)!)]);
});

test('stops between tokens when asked', async () => {
  const stop = new AbortController();
  const seen: GeneratedToken[] = [];
  await withGenerator(1, async (g) => {
    const run = async () => {
      for await (const token of g.generate([[1, 2]], { maxTokens: 50, signal: stop.signal })) {
        seen.push(token);
        if (seen.length === 3) stop.abort();
      }
    };
    await expect(run()).rejects.toMatchObject({ code: 'CANCELLED' });
  });
  expect(seen).toHaveLength(3);
});

describe('refuses, before anything is computed', () => {
  test.each([
    { title: 'an empty prompt', prompts: [[1], []], options: { maxTokens: 1 }, message: /prompt 1 is empty/ },
    {
      title: 'a token outside the vocabulary',
      prompts: [[40]],
      options: { maxTokens: 1 },
      message: /prompt 0 has token 40, outside/,
    },
    {
      title: 'no new tokens',
      prompts: [[1]],
      options: { maxTokens: 0 },
      message: /maxTokens is a whole number of at least 1/,
    },
    {
      title: 'a strange stop token',
      prompts: [[1]],
      options: { maxTokens: 1, stopTokens: [-1] },
      message: /stop token -1 is outside/,
    },
    { title: 'bad sampling', prompts: [[1]], options: { maxTokens: 1, topP: 2 }, message: /topP/ },
    {
      title: 'more than the context',
      prompts: [[1], [1, 2, 3]],
      options: { maxTokens: 62 },
      message: /prompt 1 has 3 tokens and 62 new ones were asked for, but the context is 64 tokens/,
    },
  ])('$title', async ({ prompts, options, message }) => {
    await withGenerator(1, async (g) => {
      await expect(collect(g, prompts, options)).rejects.toMatchObject({
        code: 'INVALID_ARGUMENT',
        message: expect.stringMatching(message),
      });
    });
  });

  test.each([{ batchSize: 0 }, { maxContext: 65 }, { maxContext: 0 }])('%j', async (options) => {
    await expect(createGenerator(model, options)).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' });
  });
});

test('the whole context can be used', async () => {
  const { ids } = await withGenerator(1, (g) => collect(g, [[1, 2, 3]], { maxTokens: 61 }));
  expect(ids[0]).toHaveLength(61);
});
