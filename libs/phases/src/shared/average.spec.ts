import { expect, test } from '@jest/globals';
import { byteTokenizer, initWeights, parseConfig, type Model } from '@agent-forge/model';
import { averageIfAny, averageOf } from './average.js';

const tokenizer = byteTokenizer();
const modelOf = (hiddenSize: number, seed: number): Model => {
  const config = parseConfig({
    model_type: 'llama',
    vocab_size: tokenizer.vocabSize,
    hidden_size: hiddenSize,
    intermediate_size: 32,
    num_hidden_layers: 1,
    num_attention_heads: 2,
    max_position_embeddings: 16,
    tie_word_embeddings: true,
  });
  return { config, weights: initWeights(config, seed), tokenizer };
};

test('the plain average has the mean of every weight', async () => {
  const models = [1, 2, 3].map((seed) => modelOf(16, seed));
  const average = await averageOf(models);
  expect([...average.weights.keys()].sort()).toEqual([...models[0]!.weights.keys()].sort());
  for (const [name, { data }] of average.weights) {
    const parts = models.map(({ weights }) => weights.get(name)!.data);
    data.forEach((value, i) => expect(value).toBeCloseTo((parts[0]![i]! + parts[1]![i]! + parts[2]![i]!) / 3, 6));
  }
});

test('models of different shapes have none', async () => {
  expect(await averageIfAny([modelOf(16, 1), modelOf(32, 1)])).toBeUndefined();
  await expect(averageOf([modelOf(16, 1), modelOf(32, 1)])).rejects.toMatchObject({ code: 'SHAPE_MISMATCH' });
});
