import { readFileSync } from 'node:fs';
import { describe, expect, test } from '@jest/globals';
import { assertAudit, auditStructure, auditValues, auditWeights } from './audit.js';
import { parseConfig, type LlamaConfig } from './config.js';
import { byteTokenizer } from './tokenizer/byte-tokenizer.js';
import { expectedShapes, type Weights } from './weights.js';

const fixture = parseConfig(
  JSON.parse(readFileSync(new URL('../fixtures/hf/llama-rope-linear/config.json', import.meta.url), 'utf8')),
);
const tied: LlamaConfig = { ...fixture, vocabSize: 272 };
const untied: LlamaConfig = { ...tied, tieWordEmbeddings: false };
const Q = 'model.layers.1.self_attn.q_proj.weight';

/** Sound weights of a configuration: no two values equal, none zero. */
function sound(config: LlamaConfig): Weights {
  let next = 0;
  return new Map(
    [...expectedShapes(config)].map(([name, shape]) => {
      const data = Float32Array.from({ length: shape.reduce((a, b) => a * b, 1) }, () => ++next * 1e-6);
      return [name, { shape, data }];
    }),
  );
}

describe('auditWeights', () => {
  test('finds nothing in sound weights, tied or not, in memory or read one by one', async () => {
    for (const config of [tied, untied]) {
      const weights = sound(config);
      expect(await auditWeights(config, weights, byteTokenizer())).toEqual([]);
      const shapes = new Map([...weights].map(([name, { shape }]) => [name, shape]));
      const lazy = { shapes, read: async (name: string) => weights.get(name)! };
      expect(await auditWeights(config, lazy)).toEqual([]);
    }
  });

  test.each([
    ['nan', Number.NaN, 'NaN'],
    ['infinite', Number.POSITIVE_INFINITY, 'Infinity'],
    ['infinite', Number.NEGATIVE_INFINITY, '-Infinity'],
  ])('finds the first %s of each tensor', async (kind, value, text) => {
    const weights = sound(tied);
    weights.get(Q)!.data[7] = value;
    weights.get(Q)!.data[9] = value;
    weights.get('model.norm.weight')!.data[0] = value;
    const findings = await auditWeights(tied, weights);
    expect(findings).toMatchObject([
      { kind, tensor: Q, index: 7 },
      { kind, tensor: 'model.norm.weight', index: 0 },
    ]);
    expect(findings[0]!.message).toBe(`tensor ${Q} is ${text} at index 7`);
  });

  test('finds tensors that are all zero, but lets a bias be', async () => {
    const config: LlamaConfig = { ...tied, architecture: 'qwen2', attentionBias: true };
    const weights = sound(config);
    weights.get('model.layers.0.self_attn.k_proj.bias')!.data.fill(0);
    weights.get('model.layers.0.mlp.up_proj.weight')!.data.fill(-0);
    expect(await auditWeights(config, weights)).toMatchObject([
      { kind: 'all-zero', tensor: 'model.layers.0.mlp.up_proj.weight', index: null },
    ]);
  });

  test('finds what is missing, too much, or misshapen', async () => {
    const weights = sound(untied);
    const { data } = weights.get(Q)!;
    weights.delete('lm_head.weight');
    weights.set('score.weight', { shape: [2], data: Float32Array.of(1, 2) });
    weights.set(Q, { shape: [data.length], data });
    weights.set('model.norm.weight', { shape: [untied.hiddenSize], data: Float32Array.of(1) });
    expect((await auditWeights(untied, weights)).map(({ kind, tensor }) => [kind, tensor])).toEqual([
      ['shape', Q],
      ['missing', 'lm_head.weight'],
      ['unexpected', 'score.weight'],
      ['shape', 'model.norm.weight'],
    ]);
  });

  test('a tied head that is stored all the same must equal the embedding', async () => {
    const weights = sound(tied);
    const { shape, data } = weights.get('model.embed_tokens.weight')!;
    weights.set('lm_head.weight', { shape, data: data.slice() });
    expect(await auditWeights(tied, weights)).toEqual([]);
    weights.get('lm_head.weight')!.data[5] = 1;
    expect(await auditWeights(tied, weights)).toMatchObject([{ kind: 'tied', tensor: 'lm_head.weight', index: 5 }]);
  });
});

describe('auditStructure', () => {
  const rowsFor = (vocabSize: number): string[] => {
    const config = { ...tied, vocabSize };
    return auditStructure(config, expectedShapes(config), byteTokenizer()).map(({ kind }) => kind);
  };

  test.each([
    [272, []],
    [384, []],
    [271, ['vocabulary']],
    [160, ['vocabulary']],
    [385, ['vocabulary']],
    [32_000, ['vocabulary']],
  ])('the 272 tokens of the byte tokenizer and %i rows: %j', (rows, kinds) => {
    expect(rowsFor(rows)).toEqual(kinds);
  });
});

test('assertAudit names the first finding and counts the others', () => {
  const bad = auditValues('w', { shape: [2], data: Float32Array.of(1, Number.NaN) });
  expect(() => assertAudit([])).not.toThrow();
  expect(() => assertAudit([...bad, ...bad], 'model/')).toThrow('model/: tensor w is NaN at index 1 (and 1 more)');
  try {
    assertAudit(bad);
  } catch (error) {
    expect(error).toMatchObject({ code: 'AUDIT_FAILED', retry: 'permanent' });
  }
});

test('subnormal and constant values are no fault', () => {
  expect(auditValues('w', { shape: [3], data: Float32Array.of(1e-45, 1e-45, 1e-45) })).toEqual([]);
  expect(auditValues('w', { shape: [0], data: new Float32Array() })).toEqual([]);
});
