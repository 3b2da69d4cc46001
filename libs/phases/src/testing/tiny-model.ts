import { byteTokenizer, initWeights, parseConfig, type Model } from '@agent-forge/model';

/** A byte-level model of two layers that nobody trained: enough wherever only arithmetic matters. */
export function tinyModel(seed: number, overrides: Readonly<Record<string, unknown>> = {}): Model {
  const tokenizer = byteTokenizer();
  const config = parseConfig({
    model_type: 'llama',
    vocab_size: tokenizer.vocabSize,
    hidden_size: 16,
    intermediate_size: 24,
    num_hidden_layers: 2,
    num_attention_heads: 2,
    max_position_embeddings: 64,
    tie_word_embeddings: true,
    ...overrides,
  });
  return { config, tokenizer, weights: initWeights(config, seed) };
}
