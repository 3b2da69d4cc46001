import { describe, expect, test } from '@jest/globals';
import type { Model } from '../weights.js';
import { initWeights } from './init.js';
import { selfModel, type SelfModelOptions } from './self-model.js';
import { affineSource, tinyConfig } from './testing.js';
import { type TrainOptions, type TrainState, trainLanguageModel } from './train-language-model.js';

const config = tinyConfig();
const model: Model = { config, weights: initWeights(config, 1), tokenizer: null };
const source = affineSource({ vocab: 40, rows: 4, length: 16, seed: 1, masked: true });
const optimizer = { name: 'adamw', learningRate: 0.01 } as const;

const train = (self?: Partial<SelfModelOptions>, more: Partial<TrainOptions> = {}) =>
  trainLanguageModel({
    model,
    source,
    steps: 30,
    optimizer,
    ...(self ? { auxiliary: selfModel(config, { layers: [1, 2], weight: 0.5, warmup: 0, ...self }) } : {}),
    ...more,
  });

describe('the self-modelling loss', () => {
  test('is 1 where nothing is known, whatever the scale of the network, and falls', async () => {
    const { shape, data } = model.weights.get('model.embed_tokens.weight')!;
    for (const scale of [10, 1000]) {
      const embedding = { shape, data: data.map((x) => scale * x) };
      const scaled = { ...model, weights: new Map([...model.weights, ['model.embed_tokens.weight', embedding]]) };
      const [plain, self] = [await train(undefined, { model: scaled }), await train({}, { model: scaled })];
      expect(self.losses[0]! - plain.losses[0]!).toBeCloseTo(0.5, 3);
    }
    // The language model alone would lose less at the end than the part of the self-model that is left.
    const heavy = await train({ weight: 100 }, { steps: 200 });
    expect(heavy.losses[0]).toBeGreaterThan(100);
    expect(heavy.losses.at(-1)).toBeLessThan(50);
  });

  test('shapes the network through what is predicted, and not at all with weight 0', async () => {
    const [plain, none, some] = [await train(), await train({ weight: 0 }), await train({})];
    expect(none.model.weights).toEqual(plain.model.weights);
    expect(some.model.weights).not.toEqual(plain.model.weights);
    expect([...some.model.weights.keys()]).toEqual([...model.weights.keys()]);
  });

  test('grows over its warm-up', () => {
    const { weight } = selfModel(config, { layers: [1], weight: 0.1, warmup: 0.5 });
    expect([1, 5, 10, 20].map((step) => weight(step, 20))).toEqual([
      expect.closeTo(0.01, 12),
      expect.closeTo(0.05, 12),
      expect.closeTo(0.1, 12),
      expect.closeTo(0.1, 12),
    ]);
  });

  test('and its matrices are resumed with exactly the same bytes', async () => {
    const whole = await train({ warmup: 0.3 });
    const stop = new AbortController();
    const saved: TrainState[] = [];
    const stopped = train(
      { warmup: 0.3 },
      {
        signal: stop.signal,
        onProgress: ({ step }) => step >= 10 && stop.abort(),
        onCheckpoint: (state) => void saved.push(state),
      },
    );
    await expect(stopped).rejects.toMatchObject({ code: 'CANCELLED' });
    expect([...saved[0]!.weights.keys()]).toContain('self_model.2.weight');
    const resumed = await train({ warmup: 0.3 }, { resume: saved[0]! });
    expect(resumed.model.weights).toEqual(whole.model.weights);
  });
});
