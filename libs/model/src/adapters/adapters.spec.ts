import { describe, expect, test } from '@jest/globals';
import { parseConfig } from '../config.js';
import { SequenceScorer } from '../evaluation/sequence-scorer.js';
import { TERNARY_TRAINING } from '../ternary/mark.js';
import { parameterRule } from '../ternary/ternary-parameters.js';
import { initWeights } from '../training/init.js';
import type { Model } from '../weights.js';
import { type BakeExample, bakeShape } from './bake-rows.js';
import { BakeTrainer } from './bake-trainer.js';
import { type Adapter, adaptedTensors, isProjection, mergeAdapter } from './lora.js';

const VOCABULARY = 5;
const config = parseConfig({
  model_type: 'llama',
  vocab_size: VOCABULARY,
  hidden_size: 8,
  intermediate_size: 12,
  num_hidden_layers: 2,
  num_attention_heads: 2,
  max_position_embeddings: 16,
  tie_word_embeddings: false,
});
// Larger than usual, so that prompts matter.
const weights = new Map(
  [...initWeights(config, 1)].map(([name, { shape, data }]) => [
    name,
    { shape, data: shape.length === 2 ? data.map((x) => 20 * x) : data },
  ]),
);
const float: Model = { config, weights, tokenizer: null };
const ternary: Model = { ...float, config: { ...config, ternary: TERNARY_TRAINING } };
const SAME: BakeExample[] = [{ prompted: [0, 3], plain: [0, 3], answer: [2, 4, 1] }];
const OTHER: BakeExample[] = [{ prompted: [0, 2, 2, 3], plain: [0, 3], answer: [2, 4] }];

function trainer(model: Model, examples: readonly BakeExample[], topK = 0): Promise<BakeTrainer> {
  const shape = bakeShape(examples, examples.length);
  return BakeTrainer.create({ model, shape, rank: 3, scale: 1, topK, learningRate: 0.01, steps: 20, seed: 1 });
}

async function trained(model: Model): Promise<{ adapter: Adapter; losses: number[] }> {
  const baking = await trainer(model, OTHER);
  const losses = [];
  for (let i = 0; i < 20; i++) losses.push((await baking.step(OTHER)).loss);
  const adapter = baking.adapter();
  await baking.release();
  return { adapter, losses };
}

/** log p of every token behind a context: a token's nll is asked for by appending it. */
async function logProbabilities(model: Model, context: readonly number[]): Promise<number[]> {
  const scorer = await SequenceScorer.create(model, {});
  const scores = await scorer.score(Array.from({ length: VOCABULARY }, (_, id) => [...context, id]));
  await scorer.release();
  return scores.map(({ nll }) => -nll.at(-1)!);
}

describe.each([
  ['float', float],
  ['ternary', ternary],
])('baking a %s model', (_, model) => {
  test('without a prompt has a loss and a gradient of exactly 0', async () => {
    const baking = await trainer(model, SAME);
    const report = await baking.step(SAME);
    expect([report.loss, report.gradientNorm]).toEqual([0, 0]);
    await baking.release();
  });

  test('has the loss that enumerating every token gives, and brings it down', async () => {
    const { losses } = await trained(model);
    const [{ prompted, plain, answer }] = OTHER as [BakeExample];
    let expected = 0;
    for (let t = 0; t < answer.length; t++) {
      const p = await logProbabilities(model, [...prompted, ...answer.slice(0, t)]);
      const q = await logProbabilities(model, [...plain, ...answer.slice(0, t)]);
      expected += p.reduce((sum, logP, id) => sum + Math.exp(logP) * (logP - q[id]!), 0) / answer.length;
    }
    expect(losses[0]).toBeGreaterThan(0);
    expect(Math.abs(losses[0]! - expected)).toBeLessThan(1e-4 * Math.max(1, expected));
    expect(losses.at(-1)!).toBeLessThan(losses[0]! / 2);
  });

  test('compares with a bucket for the rest as with all tokens, where the rest is one token; the less it sees, the smaller the loss', async () => {
    const first = async (topK: number) => {
      const baking = await trainer(model, OTHER, topK);
      const { loss, gradientNorm } = await baking.step(OTHER);
      await baking.release();
      return { loss, gradientNorm };
    };
    const [all, butOne, two, one] = [await first(0), await first(VOCABULARY - 1), await first(2), await first(1)];
    expect(await first(VOCABULARY)).toEqual(all);
    expect(Math.abs(butOne.loss - all.loss)).toBeLessThan(1e-5 * all.loss);
    expect(Math.abs(butOne.gradientNorm - all.gradientNorm)).toBeLessThan(1e-4 * all.gradientNorm);
    expect(two.loss).toBeLessThanOrEqual(all.loss + 1e-6);
    expect(one.loss).toBeLessThanOrEqual(two.loss + 1e-6);
    expect(one.loss).toBeGreaterThanOrEqual(0);
  });

  test('leaves the teacher as it was', async () => {
    const before = [...model.weights.values()].map(({ data }) => data.slice());
    await trained(model);
    expect([...model.weights.values()].map(({ data }) => data)).toEqual(before);
  });

  test('merged weights answer as the adapter does', async () => {
    const { adapter } = await trained(model);
    const ids = [[0, 1, 2, 3, 4, 3, 2, 1]];
    const merged = await SequenceScorer.create({ ...model, weights: mergeAdapter(model.weights, adapter) }, {});
    const beside = await SequenceScorer.create(model, {
      rule: (tensors) => {
        const { graph } = tensors.values().next().value!;
        const constants = [...adapter.factors].map(
          ([name, t]) => [name, graph.constant(graph.float, t.shape, t.data, name)] as const,
        );
        return parameterRule(model.config)(adaptedTensors(tensors, new Map(constants), adapter.scale));
      },
    });
    const [[a], [b]] = [await merged.score(ids), await beside.score(ids)];
    for (const [i, nll] of a!.nll.entries()) expect(Math.abs(nll - b!.nll[i]!)).toBeLessThan(1e-5);
    await merged.release();
    await beside.release();
  });
});

describe('mergeAdapter', () => {
  test('at strength 0 gives the very bytes, at 1 changes every projection and nothing else, at −1 goes back up to rounding', async () => {
    const { adapter } = await trained(float);
    expect(mergeAdapter(weights, adapter, 0)).toEqual(weights);
    const baked = mergeAdapter(weights, adapter, 1);
    const back = mergeAdapter(baked, adapter, -1);
    for (const [name, { data }] of weights) {
      expect(baked.get(name)!.data.some((x, i) => x !== data[i])).toBe(isProjection(name));
      for (const [i, x] of back.get(name)!.data.entries()) expect(Math.abs(x - data[i]!)).toBeLessThan(1e-6);
    }
  });
});
