import { ForgeError } from '@agent-forge/contracts';
import { type LlamaConfig, configToJson, parseConfig } from '../config.js';
import { shown } from '../shown.js';
import type { GgufMetadata, GgufValue, Scalar } from './format.js';

/** Our own key: the whole `config.json`, for what GGUF has no key for. Other tools ignore it. */
const CONFIG_KEY = 'forge.config';

/** The keys that describe an architecture. @throws ForgeError `UNSUPPORTED_FORMAT` for what llama.cpp would compute otherwise */
export function architectureMetadata(config: LlamaConfig): [string, GgufValue][] {
  const { architecture, ropeScaling } = config;
  if ((config.activation ?? 'silu') !== 'silu')
    throw new ForgeError(
      'UNSUPPORTED_FORMAT',
      `${config.activation} cannot be written to GGUF: llama.cpp computes silu there`,
    );
  if (architecture === 'bitnet' && !config.tieWordEmbeddings)
    throw new ForgeError(
      'UNSUPPORTED_FORMAT',
      'a bitnet model with its own head cannot be written to GGUF: llama.cpp ties them',
    );
  const u32 = (key: string, value: number): [string, GgufValue] => [`${architecture}.${key}`, { type: 'u32', value }];
  const f32 = (key: string, value: number): [string, GgufValue] => [`${architecture}.${key}`, { type: 'f32', value }];
  const text = (key: string, value: string): [string, GgufValue] => [key, { type: 'string', value }];
  return [
    text('general.architecture', architecture),
    u32('context_length', config.maxPositionEmbeddings),
    u32('embedding_length', config.hiddenSize),
    u32('block_count', config.numLayers),
    u32('feed_forward_length', config.intermediateSize),
    u32('attention.head_count', config.numHeads),
    u32('attention.head_count_kv', config.numKvHeads),
    u32('attention.key_length', config.headDim),
    u32('attention.value_length', config.headDim),
    f32('attention.layer_norm_rms_epsilon', config.rmsNormEps),
    u32('rope.dimension_count', config.headDim),
    f32('rope.freq_base', config.ropeTheta),
    u32('vocab_size', config.vocabSize),
    ...(ropeScaling?.type === 'linear'
      ? [text(`${architecture}.rope.scaling.type`, 'linear'), f32('rope.scaling.factor', ropeScaling.factor)]
      : []),
    text(CONFIG_KEY, JSON.stringify(configToJson(config, 'F32'))),
  ];
}

/**
 * The configuration that a file says it has: our own key where it is there, else ggml's keys.
 * @param fail throws with what is wrong
 */
export function configOf(metadata: GgufMetadata, tied: boolean, fail: (problem: string) => never): LlamaConfig {
  const own = metadata.get(CONFIG_KEY)?.value;
  if (typeof own === 'string') return parseConfig(parseJson(own, fail));
  const architecture = metadata.get('general.architecture')?.value;
  if (architecture !== 'llama' && architecture !== 'qwen2' && architecture !== 'bitnet')
    return fail(`general.architecture is ${shown(String(architecture))}; llama, qwen2 and bitnet are read`);
  const value = (key: string): Scalar | undefined => {
    const found = metadata.get(`${architecture}.${key}`);
    return found === undefined || found.type === 'array' ? undefined : found.value;
  };
  const number = (key: string, fallback?: number): number | undefined =>
    value(key) === undefined ? fallback : Number(value(key));
  const scaling = value('rope.scaling.type');
  if (scaling !== undefined && scaling !== 'none' && scaling !== 'linear')
    fail(`rope.scaling.type is ${shown(String(scaling))}; none and linear are read`);
  const tokens = metadata.get('tokenizer.ggml.tokens');
  const id = (role: string): number | undefined => {
    const found = metadata.get(`tokenizer.ggml.${role}_token_id`)?.value;
    return found === undefined ? undefined : Number(found);
  };
  return parseConfig({
    model_type: architecture,
    hidden_act: 'silu',
    hidden_size: number('embedding_length'),
    intermediate_size: number('feed_forward_length'),
    num_hidden_layers: number('block_count'),
    num_attention_heads: number('attention.head_count'),
    num_key_value_heads: number('attention.head_count_kv'),
    head_dim: number('attention.key_length'),
    rms_norm_eps: number('attention.layer_norm_rms_epsilon'),
    rope_theta: number('rope.freq_base', 10_000),
    rope_scaling: scaling === 'linear' ? { rope_type: 'linear', factor: number('rope.scaling.factor') } : null,
    max_position_embeddings: number('context_length'),
    vocab_size: number('vocab_size', tokens?.type === 'array' ? tokens.value.length : undefined),
    tie_word_embeddings: tied,
    bos_token_id: id('bos'),
    eos_token_id: id('eos'),
    pad_token_id: id('padding'),
  });
}

function parseJson(text: string, fail: (problem: string) => never): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return fail(`${CONFIG_KEY} is not JSON`);
  }
}
