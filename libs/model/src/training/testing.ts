import { Rng } from '@agent-forge/contracts';
import { type LlamaConfig, parseConfig } from '../config.js';
import type { BatchSource } from './batch.js';

/** A two-layer network that trains in milliseconds, for tests. */
export function tinyConfig(overrides: Record<string, unknown> = {}): LlamaConfig {
  return parseConfig({
    model_type: 'llama',
    vocab_size: 40,
    hidden_size: 32,
    intermediate_size: 48,
    num_hidden_layers: 2,
    num_attention_heads: 4,
    num_key_value_heads: 2,
    max_position_embeddings: 64,
    rms_norm_eps: 1e-5,
    tie_word_embeddings: true,
    ...overrides,
  });
}

/** Random rows in which token x is followed by (3x + 1) mod vocabulary; the loss mask leaves out a different share of each batch. */
export function affineSource(options: {
  vocab: number;
  rows: number;
  length: number;
  seed: number;
  masked?: boolean;
}): BatchSource {
  const { vocab, rows, length, seed, masked = false } = options;
  return {
    rows,
    length,
    packed: false,
    batch(k) {
      const rng = Rng.derive(seed, 'affine', k);
      const size = rows * length;
      const inputIds = new Int32Array(size);
      for (let i = 0; i < size; i++)
        inputIds[i] = i % length === 0 ? rng.int(vocab) : (3 * inputIds[i - 1]! + 1) % vocab;
      return {
        inputIds,
        targets: inputIds.map((x) => (3 * x + 1) % vocab),
        lossMask: Float32Array.from({ length: size }, () => (masked && rng.float() < 0.1 * (k % 5) ? 0 : 1)),
        positionIds: Int32Array.from({ length: size }, (_, i) => i % length),
        segmentIds: new Int32Array(size),
      };
    },
  };
}
