import { expect, test } from '@jest/globals';
import { parseConfig } from '../config.js';
import { fullLogits } from '../testing/full-logits.js';
import { initWeights } from '../training/init.js';
import type { Model } from '../weights.js';
import { divergenceFrom } from './divergence.js';
import { SequenceScorer } from './sequence-scorer.js';

const VOCABULARY = 11;

function model(seed: number, vocabulary = VOCABULARY): Model {
  const config = parseConfig({
    ...{ model_type: 'llama', vocab_size: vocabulary, hidden_size: 8, intermediate_size: 12, num_hidden_layers: 1 },
    ...{ num_attention_heads: 2, tie_word_embeddings: true, max_position_embeddings: 16 },
  });
  const weights = initWeights(config, seed);
  // Larger than they begin, so that the two have opinions.
  return {
    config,
    tokenizer: null,
    weights: new Map([...weights].map(([name, t]) => [name, { ...t, data: t.data.map((x) => 8 * x) }])),
  };
}

const ITEMS = [
  { ids: [1, 2, 3, 4, 5], learnt: [0, 0, 0, 1, 1] },
  { ids: [7, 8, 9], learnt: [0, 1, 0] },
];

const probabilities = (logits: Float32Array): number[] => {
  const all = [...logits].map(Math.exp);
  const sum = all.reduce((a, b) => a + b, 0);
  return all.map((x) => x / sum);
};

test('is the sum over the vocabulary that the definition says, at the tokens that count', async () => {
  const [teacher, student] = [model(1), model(2)];
  const scorer = await SequenceScorer.create(teacher, { threads: 1, distributions: true });
  const { divergence, tokens } = await divergenceFrom(scorer, student, ITEMS, { threads: 1 });
  let [expected, count] = [0, 0];
  for (const { ids, learnt } of ITEMS) {
    const [theirs, ours] = [await fullLogits(teacher, ids), await fullLogits(student, ids)];
    for (let t = 1; t < ids.length; t++) {
      if (learnt[t] !== 1) continue;
      const [p, q] = [probabilities(theirs[t - 1]!), probabilities(ours[t - 1]!)];
      p.forEach((x, v) => (expected += x * Math.log(x / q[v]!)));
      count += 1;
    }
  }
  expect(tokens).toBe(count);
  expect(divergence).toBeGreaterThan(0.01);
  expect(divergence).toBeCloseTo(expected / count, 4);
  // From itself it is none.
  expect(Math.abs((await divergenceFrom(scorer, teacher, ITEMS, { threads: 1 })).divergence)).toBeLessThan(1e-6);
  await expect(divergenceFrom(scorer, model(1, 12), ITEMS)).rejects.toMatchObject({ code: 'SHAPE_MISMATCH' });
  await scorer.release();
});
