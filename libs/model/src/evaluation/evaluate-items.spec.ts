import { beforeAll, describe, expect, test } from '@jest/globals';
import { createGenerator } from '../generation/token-generator.js';
import { fullLogits } from '../testing/full-logits.js';
import type { BatchSource } from '../training/batch.js';
import { initWeights } from '../training/init.js';
import { tinyConfig } from '../training/testing.js';
import { trainLanguageModel } from '../training/train-language-model.js';
import type { Model } from '../weights.js';
import { type EncodedItem, evaluateItems } from './evaluate-items.js';
import { SequenceScorer } from './sequence-scorer.js';

const [BOS, ASK, EOS, FIRST] = [0, 1, 2, 10];
const NUMBERS = 30;

/** One number is asked; a short item answers with one token, a long one with two. */
interface Item {
  readonly x: number;
  readonly family: 'short' | 'long';
}

const ITEMS: Item[] = Array.from({ length: NUMBERS }, (_, x) => ({ x, family: x % 3 === 0 ? 'short' : 'long' }));

const encoder = {
  encode({ x, family }: Item): EncodedItem {
    const answer = family === 'short' ? [FIRST + x] : [FIRST + ((7 * x) % NUMBERS), FIRST + ((x * x) % NUMBERS)];
    const prompt = [BOS, FIRST + x, ASK];
    return { ids: [...prompt, ...answer, EOS], learnt: [...prompt.map(() => 0), ...answer.map(() => 1), 1] };
  },
};

/** All items in every batch, padded to six tokens. */
const source: BatchSource = {
  rows: NUMBERS,
  length: 6,
  packed: false,
  batch() {
    const field = (f: (item: EncodedItem, t: number) => number | undefined) =>
      ITEMS.flatMap((item) => Array.from({ length: 6 }, (_, t) => f(encoder.encode(item), t) ?? 0));
    return {
      inputIds: Int32Array.from(field(({ ids }, t) => ids[t])),
      targets: Int32Array.from(field(({ ids }, t) => ids[t + 1])),
      lossMask: Float32Array.from(field(({ learnt }, t) => learnt[t + 1])),
      positionIds: Int32Array.from(field((_, t) => t)),
      segmentIds: new Int32Array(NUMBERS * 6),
    };
  },
};

const config = tinyConfig();
let model: Model;

beforeAll(async () => {
  const fresh: Model = { config, weights: initWeights(config, 1), tokenizer: null };
  // So few steps that some answers are still wrong.
  const options = {
    model: fresh,
    source,
    steps: 60,
    optimizer: { name: 'adamw', learningRate: 3e-3 },
    threads: 1,
  } as const;
  ({ model } = await trainLanguageModel(options));
});

test('an item counts as right exactly when greedy decoding writes its answer', async () => {
  const { correct, accuracy } = await evaluateItems(model, ITEMS, encoder, { threads: 1 });
  const generator = await createGenerator(model, { threads: 1 });
  const written = ITEMS.map((): number[] => []);
  const prompts = ITEMS.map((item) => encoder.encode(item).ids.slice(0, 3));
  for await (const { prompt, tokenId } of generator.generate(prompts, { maxTokens: 4, stopTokens: [EOS] }))
    written[prompt]!.push(tokenId);
  await generator.release();
  const right = ITEMS.map((item, i) => Number(String(written[i]) === String(encoder.encode(item).ids.slice(3))));
  expect([...correct]).toEqual(right);
  expect(accuracy).toBeCloseTo(right.reduce((a, b) => a + b, 0) / ITEMS.length, 12);
  expect(accuracy).toBeGreaterThan(0);
  expect(accuracy).toBeLessThan(1);
});

test('without intervals all else is the same', async () => {
  const whole = await evaluateItems(model, ITEMS, encoder, { threads: 1 });
  const { low, high, ...rest } = await evaluateItems(model, ITEMS, encoder, { threads: 1, hasIntervals: false });
  expect([low, high]).toEqual([NaN, NaN]);
  expect(whole.high).toBeGreaterThan(whole.low);
  const without = <T extends object>(accuracy: T) => ({ ...accuracy, low: NaN, high: NaN });
  const families = Object.fromEntries(Object.entries(whole.families).map(([name, each]) => [name, without(each)]));
  expect(without(rest)).toEqual({ ...without(whole), families });
});

test('the loss is the mean over answer tokens of the plain forward pass', async () => {
  const { loss } = await evaluateItems(model, ITEMS.slice(0, 4), encoder, { threads: 1 });
  let [nats, tokens] = [0, 0];
  for (const item of ITEMS.slice(0, 4)) {
    const { ids, learnt } = encoder.encode(item);
    const rows = await fullLogits(model, ids);
    for (let t = 1; t < ids.length; t++) {
      if (!learnt[t]) continue;
      const logits = rows[t - 1]!;
      nats += Math.log(logits.reduce((sum, x) => sum + Math.exp(x), 0)) - logits[ids[t]!]!;
      tokens++;
    }
  }
  expect(loss).toBeCloseTo(nats / tokens, 5);
});

describe('families', () => {
  test('have their own figures, which together make the whole', async () => {
    const { families, accuracy, items, low, high } = await evaluateItems(model, ITEMS, encoder, { threads: 1 });
    expect(Object.keys(families)).toEqual(['long', 'short']);
    const parts = Object.values(families);
    expect(parts.reduce((n, f) => n + f.items, 0)).toBe(items);
    expect(parts.reduce((n, f) => n + f.items * f.accuracy, 0) / items).toBeCloseTo(accuracy, 12);
    for (const f of [...parts, { accuracy, low, high }]) {
      expect(f.low).toBeLessThanOrEqual(f.accuracy);
      expect(f.high).toBeGreaterThanOrEqual(f.accuracy);
    }
    expect(high - low).toBeGreaterThan(0);
  });

  test('do not depend on the order of the items, nor the interval on the run', async () => {
    const scorer = await SequenceScorer.create(model, { threads: 1 });
    const forward = await evaluateItems(model, ITEMS, encoder, { scorer });
    const again = await evaluateItems(model, ITEMS, encoder, { scorer });
    const backward = await evaluateItems(model, ITEMS.toReversed(), encoder, { scorer });
    await scorer.release();
    expect(again).toEqual(forward);
    expect([...backward.correct].reverse()).toEqual([...forward.correct]);
    expect(backward.loss).toBeCloseTo(forward.loss, 6);
  });
});

describe('refuses', () => {
  const bare = (ids: number[], learnt: number[]) => ({ encode: () => ({ ids, learnt }) });
  test.each([
    { title: 'no items', items: [], with: encoder, code: 'DATA_INVALID', message: /no items/ },
    {
      title: 'no answer',
      items: ITEMS,
      with: bare([1, 2], [0, 0]),
      code: 'DATA_INVALID',
      message: /item 0 has no answer/,
    },
    {
      title: 'an item beyond the positions',
      items: ITEMS,
      with: bare(
        Array.from({ length: 66 }, () => 1),
        Array.from({ length: 66 }, () => 1),
      ),
      code: 'INVALID_ARGUMENT',
      message: /item 0 has 66 tokens with its answer; this model takes 65/,
    },
  ])('$title', async ({ items, with: encode, code, message }) => {
    await expect(evaluateItems(model, items, encode)).rejects.toMatchObject({
      code,
      message: expect.stringMatching(message),
    });
  });

  test('to go on when asked to stop', async () => {
    const options = { threads: 1, signal: AbortSignal.abort() };
    await expect(evaluateItems(model, ITEMS, encoder, options)).rejects.toMatchObject({ code: 'CANCELLED' });
  });
});
