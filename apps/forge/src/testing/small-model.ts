import {
  type LlamaConfig,
  type Model,
  byteTokenizer,
  initWeights,
  parseConfig,
  writeModelFolder,
} from '@agent-forge/model';

/** Writes a byte-level model of random weights, which answers in milliseconds, as a Hugging Face folder. */
export async function writeSmallModel(path: string, overrides: Record<string, unknown> = {}): Promise<Model> {
  const tokenizer = byteTokenizer();
  const config: LlamaConfig = parseConfig({
    model_type: 'llama',
    vocab_size: tokenizer.vocabSize,
    hidden_size: 32,
    intermediate_size: 48,
    num_hidden_layers: 2,
    num_attention_heads: 4,
    max_position_embeddings: 128,
    tie_word_embeddings: true,
    bos_token_id: tokenizer.bosId,
    eos_token_id: tokenizer.eosId,
    ...overrides,
  });
  const model: Model = { config, weights: initWeights({ ...config, initializerRange: 0.3 }, 1), tokenizer };
  await writeModelFolder(path, model, { dtype: 'F32' });
  return model;
}
