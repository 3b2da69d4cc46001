import { expect, test } from '@jest/globals';
import { Rng } from '@agent-forge/contracts';
import { initWeights } from '../training/init.js';
import { tinyConfig } from '../training/testing.js';
import { initMixingHead } from './mixing-head.js';
import { ThoughtTrainer, type ThoughtTexts, type ThoughtTrainerOptions } from './thought-trainer.js';

const config = tinyConfig({ vocab_size: 16 });
const options: ThoughtTrainerOptions = {
  config,
  weights: new Map([...initWeights(config, 5), ...initMixingHead(config.hiddenSize, 5)]),
  form: { tokens: 2, startId: 14, endId: 15, padId: 0, alphabet: [1, 2, 3, 4, 5, 6] },
  talk: 2,
  temperature: 1,
  advantage: { passes: 2, clamp: false },
  loss: { base: 0.5, talk: 0.5, policy: 1, temperature: 1 },
  optimizer: { name: 'adamw', learningRate: 3e-3, schedule: 'constant', warmup: 0 },
  steps: 40,
  seed: 1,
  session: { threads: 1 },
};

/** Texts that count upwards; everything but the first token can be learnt. */
function textsOf(step: number): ThoughtTexts {
  const rng = Rng.derive(step, 'counting');
  const texts = Array.from({ length: 8 }, () => {
    const first = 1 + rng.int(6);
    return Array.from({ length: 6 }, (_, i) => 1 + ((first + i) % 6));
  });
  return { texts, anchors: texts.map(() => [0, 2, 3]), learnt: texts.map((text) => text.map(() => 1)) };
}

async function train(steps: number) {
  const trainer = new ThoughtTrainer(options);
  const reports = [];
  for (let step = 0; step < steps; step++) reports.push(await trainer.step(textsOf(step)));
  const weights = new Map([...trainer.weights()].map(([name, { data }]) => [name, Float32Array.from(data)]));
  await trainer.release();
  return { reports, weights };
}

test('training learns with and without thoughts, opens the mixing head, and is the same for the same seed', async () => {
  const { reports, weights } = await train(40);
  expect(reports[0]!.reward).toBe(0);
  expect(reports[0]!.metrics['talkNll']).toBe(reports[0]!.metrics['baseNll']);
  for (const name of ['baseNll', 'talkNll'])
    expect(reports.at(-1)!.metrics[name]!).toBeLessThan(0.5 * reports[0]!.metrics[name]!);
  expect(weights.get('mixing_head.2.weight')!.some((value) => value !== 0)).toBe(true);
  expect((await train(5)).weights).toEqual((await train(5)).weights);
});

test('a training that is resumed ends with the same bytes as one that never stopped', async () => {
  const first = new ThoughtTrainer(options);
  for (let step = 0; step < 3; step++) await first.step(textsOf(step));
  const resume = first.state();
  await first.release();
  const second = new ThoughtTrainer({ ...options, resume });
  for (let step = 3; step < 6; step++) await second.step(textsOf(step));
  const { weights, step } = second.state();
  await second.release();
  expect(step).toBe(6);
  expect(new Map([...weights].map(([name, { data }]) => [name, data]))).toEqual((await train(6)).weights);
});

test('a batch in which nothing behind the thoughts is to be learnt is refused', async () => {
  const trainer = new ThoughtTrainer(options);
  const texts = textsOf(0);
  const nothing = { ...texts, learnt: texts.texts.map((text) => text.map(() => 0)) };
  await expect(trainer.step(nothing)).rejects.toMatchObject({ code: 'DATA_INVALID' });
  await trainer.release();
});
