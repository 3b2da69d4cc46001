import { readFileSync } from 'node:fs';
import { describe, expect, test } from '@jest/globals';
import { configToJson, parseConfig } from './config.js';

const hf = (name: string): Record<string, unknown> =>
  JSON.parse(readFileSync(new URL(`../fixtures/hf/${name}/config.json`, import.meta.url), 'utf8')) as Record<
    string,
    unknown
  >;
const llama = hf('llama-gqa');

describe('parseConfig', () => {
  test('reads the keys of transformers 4', () => {
    expect(parseConfig(hf('llama-rope-linear'))).toMatchObject({
      architecture: 'llama',
      numKvHeads: 2,
      headDim: 12,
      ropeTheta: 10_000,
      ropeScaling: { type: 'linear', factor: 4 },
      tieWordEmbeddings: true,
      bosTokenId: 1,
      eosTokenId: [2],
      padTokenId: null,
    });
  });

  test('reads the keys of transformers 5', () => {
    expect(parseConfig(hf('llama-v5-config'))).toMatchObject({
      ropeTheta: 500_000,
      ropeScaling: null,
      rmsNormEps: 1e-6,
    });
    expect(parseConfig(hf('llama3-rope-bf16-sharded')).ropeScaling).toEqual({
      type: 'llama3',
      factor: 8,
      lowFreqFactor: 1,
      highFreqFactor: 4,
      originalMaxPositionEmbeddings: 32,
    });
  });

  test('qwen2 has biases on q, k and v, and ignores a sliding window that is not in use', () => {
    expect(parseConfig(hf('qwen2-bias-tied'))).toMatchObject({
      architecture: 'qwen2',
      attentionBias: true,
      headDim: 12,
    });
    expect(parseConfig({ ...hf('qwen2-bias-tied'), sliding_window: 4096 }).attentionBias).toBe(true);
  });

  test('fills in what transformers would', () => {
    const { num_key_value_heads: _, head_dim: __, rms_norm_eps: ___, ...rest } = llama;
    expect(parseConfig(rest)).toMatchObject({ numKvHeads: 4, headDim: 12, rmsNormEps: 1e-6 });
    expect(parseConfig({ ...llama, eos_token_id: [2, 7] }).eosTokenId).toEqual([2, 7]);
    expect(parseConfig({ ...llama, pad_token_id: -1 }).padTokenId).toBeNull();
  });

  test.each<[string, unknown, string]>([
    ['hidden_act', 'gelu', 'only silu'],
    ['mlp_bias', true, 'not supported'],
    ['attention_bias', true, 'o_proj'],
    ['use_sliding_window', true, 'sliding'],
    ['layer_types', ['full_attention', 'sliding_attention'], 'full_attention'],
    ['rope_scaling', { rope_type: 'yarn', factor: 2 }, 'yarn'],
    ['rope_scaling', { type: 'dynamic', factor: 2 }, 'dynamic'],
    ['rope_scaling', { rope_type: 'linear' }, 'factor is missing'],
    ['rope_scaling', { rope_type: 'linear', factor: 2, attention_factor: 3 }, 'attention_factor'],
    ['rope_scaling', 7, 'not an object'],
    ['rope_parameters', { full_attention: { rope_type: 'default' } }, 'full_attention'],
    [
      'rope_parameters',
      { rope_type: 'llama3', factor: 8, low_freq_factor: 4, high_freq_factor: 4, original_max_position_embeddings: 8 },
      'high_freq_factor',
    ],
    ['partial_rotary_factor', 0.5, 'partial_rotary_factor'],
    ['quantization_config', { bits: 4 }, 'quantised'],
    ['quantization_config', 'bitnet', 'not an object'],
    ['quantization_config', { quant_method: 'gptq' }, 'only bitnet'],
    ['quantization_config', { quant_method: 'bitnet', linear_class: 'other' }, 'autobitlinear'],
    ['quantization_config', { quant_method: 'bitnet', quantization_mode: 'online' }, 'needs the linear_class'],
    ['quantization_config', { quant_method: 'bitnet', use_rms_norm: true }, 'use_rms_norm'],
    ['quantization_config', { quant_method: 'bitnet', modules_to_not_convert: ['q_proj'] }, 'embedding and head'],
    ['quantization_config', { quant_method: 'bitnet', scale_grid: 'int4' }, 'float16'],
    ['model_type', 'mistral', 'mistral'],
    ['model_type', undefined, 'model_type'],
    ['hidden_size', undefined, 'missing'],
    ['hidden_size', 47, 'no multiple of 4 heads'],
    ['hidden_size', '48', 'whole number'],
    ['hidden_size', 1e300, 'whole number'],
    ['num_hidden_layers', 0, 'whole number'],
    ['num_hidden_layers', 1e6, 'whole number'],
    ['num_key_value_heads', 3, 'divide'],
    ['head_dim', 13, 'even'],
    ['vocab_size', -1, 'whole number'],
    ['rms_norm_eps', 0, 'positive'],
    ['rope_theta', Number.POSITIVE_INFINITY, 'positive'],
    ['tie_word_embeddings', 'yes', 'true or false'],
    ['eos_token_id', 160, 'token'],
    ['eos_token_id', [2, 'x'], 'token'],
    ['bos_token_id', 1.5, 'token'],
  ])('refuses %s = %j', (key, value, reason) => {
    const json: Record<string, unknown> = { ...llama, [key]: value };
    if (key === 'hidden_size') delete json['head_dim'];
    try {
      parseConfig(json);
      throw new Error('it was read');
    } catch (error) {
      expect(error).toMatchObject({ code: 'NOT_A_MODEL' });
      const { message } = error as Error;
      expect(message).toContain(key);
      expect(message).toContain(reason);
      expect(message).not.toContain('\n');
    }
  });

  test.each([[null], [[]], ['x'], [7]])('refuses %j', (json) => {
    expect(() => parseConfig(json)).toThrow('not a JSON object');
  });

  test('a huge value does not become a huge message, nor a deep one a crash', () => {
    const deep: unknown = JSON.parse('['.repeat(1e5) + ']'.repeat(1e5));
    for (const value of ['x'.repeat(1e6), deep, [deep], { deep }, '\u009b31m\u202e'])
      for (const key of Object.keys(llama).filter((each) => each !== 'layer_types')) {
        let message = 'it was read';
        try {
          parseConfig({ ...llama, [key]: value });
        } catch (error) {
          expect(error).toMatchObject({ code: 'NOT_A_MODEL' });
          ({ message } = error as Error);
        }
        expect(message).toMatch(/^[^\p{Cc}\p{Cf}]{0,300}$/u);
      }
  });
});

describe('configToJson', () => {
  test('other settings are written back as they were; where the folder came from, code and structures are not', () => {
    const more = { attention_dropout: 0.1, pretraining_tp: 1, note: 'x', use_sliding_window: false };
    const json = JSON.parse(
      `{"__proto__":7,"constructor":"a","limit":1e400,"transformers_version":"4.1","auto_map":"evil.py","id2label":{"0":"a"}}`,
    ) as object;
    const config = parseConfig({ ...llama, ...json, ...more });
    expect(config.extra).toEqual({ ...more, constructor: 'a' });
    const written = configToJson({ ...config, hiddenSize: 96 }, 'F32');
    expect(written).toMatchObject({ ...more, constructor: 'a', hidden_size: 96 });
    for (const key of ['auto_map', 'id2label', 'limit']) expect(written).not.toHaveProperty(key);
    expect(written).not.toHaveProperty('transformers_version');
    expect(parseConfig(configToJson(config, 'F32'))).toEqual(config);
  });

  test.each([
    'llama-gqa',
    'llama-mha-f16',
    'llama-rope-linear',
    'llama-v5-config',
    'llama3-rope-bf16-sharded',
    'qwen2-bias-tied',
  ])('what is written of %s is read as the same, by the keys of either version alone', (name) => {
    const config = parseConfig(hf(name));
    const json = configToJson(config, 'BF16');
    expect(parseConfig(json)).toEqual(config);
    const { rope_parameters: _, dtype, ...four } = json;
    const { rope_theta: __, rope_scaling: ___, torch_dtype: torchDtype, ...five } = json;
    expect(parseConfig(four)).toEqual(config);
    expect(parseConfig(five)).toEqual(config);
    expect([dtype, torchDtype]).toEqual(['bfloat16', 'bfloat16']);
    expect(json['architectures']).toEqual(hf(name)['architectures']);
  });
});
