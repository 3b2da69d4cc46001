import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { parseConfig } from '../config.js';
import { initWeights } from '../training/init.js';
import { stepBatch } from '../training/step-batch.js';
import { trainLanguageModel } from '../training/train-language-model.js';
import type { Model } from '../weights.js';
import { advantagesOf, type Attempt, ExpertPolicy, policyBatch, type Question } from './policy.js';
import { decompose } from './svd.js';
import { expertRule, initScales } from './svf.js';
import { ExpertLoss } from './testing.js';

const VOCABULARY = 5;
const config = parseConfig({
  model_type: 'llama',
  vocab_size: VOCABULARY,
  hidden_size: 8,
  intermediate_size: 12,
  num_hidden_layers: 1,
  num_attention_heads: 2,
  max_position_embeddings: 16,
  tie_word_embeddings: false,
  eos_token_id: 4,
});
// Larger than usual, so that there is something to scale.
const weights = new Map(
  [...initWeights(config, 1)].map(([name, { shape, data }]) => [
    name,
    { shape, data: shape.length === 2 ? data.map((x) => 20 * x) : data },
  ]),
);
const model: Model = { config, weights, tokenizer: null };
const decomposition = decompose(model.weights);
const ones = initScales(decomposition);
const PROMPT = [0, 2, 1];
/** One of the tokens pays, all others do not. */
const PAYS = 3;

test('rewards are told from their mean, so the advantages of a batch add up to nothing', () => {
  expect(advantagesOf([1, -1, -1, -1])).toEqual([1.5, -0.5, -0.5, -0.5]);
  expect(advantagesOf([1, 1])).toEqual([0, 0]);
});

test('a batch has the advantages at the answers alone, as they are', () => {
  const attempts = [
    { prompt: [0, 2], written: [3, 4], isRight: true },
    { prompt: [0], written: [1], isRight: false },
  ];
  const batch = policyBatch(attempts, 4);
  expect([...batch.inputIds]).toEqual([0, 2, 3, 0, 0, 0, 0, 0]);
  expect([...batch.targets]).toEqual([2, 3, 4, 0, 1, 0, 0, 0]);
  expect([...batch.lossMask]).toEqual([0, 0.5, 0.5, 0, -0.5, 0, 0, 0]);
  const source = { rows: 2, length: 4, packed: false, isWeighted: true, batch: () => batch };
  expect(stepBatch(source, 0, 1)['weights']).toEqual(batch.lossMask);
});

describe('on a bandit', () => {
  let loss: ExpertLoss;
  const [rows, length] = [2, PROMPT.length];
  const z = new Map([...ones].map(([name, { data }]) => [name, Float64Array.from(data)]));
  const attempt = (arm: number): Attempt => ({ prompt: PROMPT, written: [arm], isRight: arm === PAYS });
  const run = (arms: readonly number[], weights?: readonly number[], at = z) => {
    const { inputIds, targets, lossMask } = policyBatch(arms.map(attempt), length);
    const own = weights && lossMask.map((_, i) => (i % length === length - 1 ? weights[Math.floor(i / length)]! : 0));
    return loss.run(at, { rows, length, inputIds, targets, weights: own ?? lossMask });
  };
  /** The probabilities of all arms. */
  const policy = async (at = z) => {
    const found = [];
    for (let arm = 0; arm < VOCABULARY; arm++) found.push(Math.exp(-(await run([arm, arm], [1, 0], at)).loss));
    return found;
  };
  beforeAll(async () => {
    loss = await ExpertLoss.create(model, decomposition, ones, { rows, length });
  });
  afterAll(() => loss.release());

  test('the gradient over all pairs of arms, as often as they are drawn, is the exact gradient of the expected reward', async () => {
    const p = await policy();
    expect(p.reduce((sum, each) => sum + each, 0)).toBeCloseTo(1, 10);
    const expected = new Map([...z].map(([name, { length: n }]) => [name, new Float64Array(n)]));
    for (let a = 0; a < VOCABULARY; a++)
      for (let b = 0; b < VOCABULARY; b++)
        for (const [name, gradient] of (await run([a, b])).gradient)
          gradient.forEach((g, i) => (expected.get(name)![i]! += p[a]! * p[b]! * g));
    const reward = async (at: typeof z) => 2 * (await policy(at))[PAYS]! - 1;
    const STEP = 1e-5;
    for (const [name, values] of z) {
      const moved = (i: number, by: number) => new Map([...z, [name, values.map((x, k) => (k === i ? x + by : x))]]);
      for (let i = 0; i < values.length; i += 3) {
        const slope = ((await reward(moved(i, STEP))) - (await reward(moved(i, -STEP)))) / (2 * STEP);
        // A mean over two that has each of them in it takes away half; the loss goes down where the reward goes up.
        expect(Math.abs(expected.get(name)![i]! + slope / 2)).toBeLessThan(1e-7);
      }
    }
  });
});

test('an expert that is paid for an answer comes to give it, and its base does not move', async () => {
  const questions = (): Question[] => Array.from({ length: 32 }, () => ({ prompt: PROMPT, answer: [PAYS] }));
  const before = [...model.weights.values()].map(({ data }) => data.slice());
  const options = { questions, answerTokens: 1, promptTokens: PROMPT.length, temperature: 1, seed: 1, threads: 1 };
  const policy = await ExpertPolicy.create(model, decomposition, ones, options);
  const rightAt = async (scales: typeof ones) => {
    await policy.run(1_000, scales);
    return (
      policy.batch(0).targets.filter((id, i) => i % PROMPT.length === PROMPT.length - 1 && id === PAYS).length / 32
    );
  };
  const first = await rightAt(ones);
  const { model: expert } = await trainLanguageModel({
    model: { ...model, weights: ones },
    rule: expertRule(config, model.weights, decomposition),
    ...{ source: policy, interlude: policy, steps: 60, threads: 1 },
    optimizer: { learningRate: 0.1, weightDecay: 0 },
  });
  const last = await rightAt(expert.weights);
  await policy.release();
  expect(last).toBeGreaterThan(first + 0.3);
  expect([...model.weights.values()].map(({ data }) => data)).toEqual(before);
});
