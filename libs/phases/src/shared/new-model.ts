import { byteTokenizer, initWeights, parseConfig, type Model } from '@agent-forge/model';

/** The size of a new model. */
export interface ModelForm {
  readonly hiddenSize: number;
  readonly intermediateSize: number;
  readonly layers: number;
  readonly heads: number;
  readonly contextLength: number;
}

/** A new byte-level model with random weights. */
export function newModel(size: ModelForm, seed: number): Model {
  const tokenizer = byteTokenizer();
  const config = parseConfig({
    model_type: 'llama',
    vocab_size: tokenizer.vocabSize,
    hidden_size: size.hiddenSize,
    intermediate_size: size.intermediateSize,
    num_hidden_layers: size.layers,
    num_attention_heads: size.heads,
    max_position_embeddings: size.contextLength,
    tie_word_embeddings: true,
    bos_token_id: tokenizer.bosId,
    eos_token_id: tokenizer.eosId,
    pad_token_id: tokenizer.padId,
  });
  return { config, weights: initWeights(config, seed), tokenizer };
}
