import { expect, test } from '@jest/globals';
import type { Model } from '../weights.js';
import { initWeights } from './init.js';
import { affineSource, tinyConfig } from './testing.js';
import { type TrainOptions, type TrainState, trainLanguageModel } from './train-language-model.js';

const config = tinyConfig();
const model: Model = { config, weights: initWeights(config, 1), tokenizer: null };
const source = affineSource({ vocab: 40, rows: 4, length: 16, seed: 1 });

const train = (options: Partial<TrainOptions>) =>
  trainLanguageModel({ model, source, steps: 30, optimizer: { learningRate: 0.01 }, ...options });

test('an interlude comes before every so many steps, and what follows from it is resumed with the same bytes', async () => {
  /** Rows of one seed or another, by the sixth decimal of a weight. */
  const steered = () => {
    const sources = [1, 2].map((seed) => affineSource({ vocab: 40, rows: 4, length: 16, seed }));
    const levels: number[] = [];
    const seen: number[] = [];
    const run = async (step: number, weights: Model['weights']): Promise<void> => {
      seen.push(step);
      levels[step / 7] = Math.abs(Math.round(1e6 * weights.get('model.embed_tokens.weight')!.data[0]!)) % 2;
    };
    const batch = (k: number) => sources[levels[Math.floor(k / 7)]!]!.batch(k);
    return { options: { source: { ...source, batch }, interlude: { every: 7, run } }, seen, levels };
  };
  const first = steered();
  const whole = await train(first.options);
  expect(first.seen).toEqual([0, 7, 14, 21, 28]);
  expect(new Set(first.levels).size).toBe(2);
  const stop = new AbortController();
  const saved: TrainState[] = [];
  const second = steered();
  const stopped = train({
    ...second.options,
    signal: stop.signal,
    onProgress: ({ step }) => step >= 9 && stop.abort(),
    onCheckpoint: (state) => void saved.push(state),
  });
  await expect(stopped).rejects.toMatchObject({ code: 'CANCELLED' });
  const resumed = await train({ ...second.options, resume: saved[0]! });
  expect(second.levels).toEqual(first.levels);
  expect(resumed.model.weights).toEqual(whole.model.weights);
});
