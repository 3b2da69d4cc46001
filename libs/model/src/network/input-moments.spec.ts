import { expect, test } from '@jest/globals';
import { parseConfig } from '../config.js';
import type { BatchSource } from '../training/batch.js';
import { initWeights } from '../training/init.js';
import type { Model } from '../weights.js';
import { inputMoments } from './input-moments.js';

const config = parseConfig({
  ...{ model_type: 'llama', vocab_size: 11, hidden_size: 8, intermediate_size: 12, num_hidden_layers: 2 },
  ...{ num_attention_heads: 2, tie_word_embeddings: true, max_position_embeddings: 16 },
});
const model: Model = { config, tokenizer: null, weights: initWeights(config, 1) };

/** Rows of one token each: what flows into the first projections is the normed embedding. */
const source = (rows: number): BatchSource => ({
  ...{ rows, length: 1, packed: false },
  batch: (k) => {
    const ids = Int32Array.from({ length: rows }, (_, i) => (k * rows + i) % 11);
    const zeros = new Int32Array(rows);
    return {
      inputIds: ids,
      targets: ids,
      lossMask: new Float32Array(rows).fill(1),
      positionIds: zeros,
      segmentIds: zeros,
    };
  },
});

test('second moments are those of the inputs, one for all projections that share an input', async () => {
  const moments = await inputMoments(model, source(5), { batches: 2, threads: 1 });
  expect(moments.size).toBe(14);
  const query = moments.get('model.layers.0.self_attn.q_proj.weight')!;
  expect(moments.get('model.layers.0.self_attn.v_proj.weight')).toBe(query);
  expect(moments.get('model.layers.0.mlp.down_proj.weight')).toHaveLength(12 * 12);
  const embedding = model.weights.get('model.embed_tokens.weight')!.data;
  const gain = model.weights.get('model.layers.0.input_layernorm.weight')!.data;
  const expected = new Float64Array(64);
  for (let token = 0; token < 10; token++) {
    const row = embedding.subarray(8 * token, 8 * token + 8);
    const size = Math.sqrt(row.reduce((sum, x) => sum + x * x, 0) / 8 + config.rmsNormEps);
    for (let i = 0; i < 8; i++)
      for (let j = 0; j < 8; j++) expected[8 * i + j]! += (row[i]! * gain[i]! * row[j]! * gain[j]!) / size ** 2 / 10;
  }
  expected.forEach((x, i) => expect(query[i]).toBeCloseTo(x, 4));
});

test('the moments of two batches are the mean of those of each', async () => {
  const name = 'model.layers.1.mlp.gate_proj.weight';
  const of = async (rows: number, batches: number) =>
    (await inputMoments(model, source(rows), { batches, threads: 1 })).get(name)!;
  const [whole, halves] = [await of(10, 1), await of(5, 2)];
  whole.forEach((x, i) => expect(halves[i]).toBeCloseTo(x, 5));
});
