import { readFileSync } from 'node:fs';
import { expect, test } from '@jest/globals';
import { parseConfig } from './config.js';
import { expectedShapes, parameterCount } from './weights.js';

const hf = (path: string): unknown =>
  JSON.parse(readFileSync(new URL(`../fixtures/hf/${path}`, import.meta.url), 'utf8'));

test('counts what transformers counted when it wrote the index', () => {
  const index = hf('llama3-rope-bf16-sharded/model.safetensors.index.json') as {
    metadata: { total_parameters: number };
    weight_map: Record<string, string>;
  };
  const config = parseConfig(hf('llama3-rope-bf16-sharded/config.json'));
  expect(parameterCount(config)).toBe(index.metadata.total_parameters);
  expect([...expectedShapes(config).keys()].sort()).toEqual(Object.keys(index.weight_map).sort());
});

test('counts the benchmark model of the issue: 0.84 million', () => {
  const base = parseConfig(hf('llama-gqa/config.json'));
  const sizes = {
    vocabSize: 256,
    hiddenSize: 128,
    numLayers: 4,
    numHeads: 4,
    numKvHeads: 4,
    headDim: 32,
    intermediateSize: 352,
  };
  // By hand: embedding 256*128; per layer 4*128*128 + 3*128*352 + 2*128; final norm 128.
  const byHand = 256 * 128 + 4 * (4 * 128 * 128 + 3 * 128 * 352 + 2 * 128) + 128;
  expect(parameterCount({ ...base, ...sizes, tieWordEmbeddings: true })).toBe(byHand);
  expect(parameterCount({ ...base, ...sizes, tieWordEmbeddings: false })).toBe(byHand + 256 * 128);
});
