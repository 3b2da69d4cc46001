import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { parseConfig } from '../config.js';
import { TERNARY_TRAINING } from '../ternary/mark.js';
import { effectiveWeight } from '../ternary/quantise-weights.js';
import { initWeights } from '../training/init.js';
import type { Model } from '../weights.js';
import { bakedMark, withBakedMark } from './baked-mark.js';
import { readDelta, takeOut, writeDelta, type Delta } from './delta.js';
import { initFactors, mergeAdapter } from './lora.js';

const plain = parseConfig({
  model_type: 'llama',
  vocab_size: 16,
  hidden_size: 32,
  intermediate_size: 48,
  num_hidden_layers: 2,
  num_attention_heads: 2,
});
const config = { ...plain, ternary: TERNARY_TRAINING };
const base: Model = { config, weights: initWeights(config, 1), tokenizer: null };
const factors = initFactors(base.weights, 2, 1);
for (const [name, { data }] of factors)
  if (name.includes('lora_B')) data.forEach((_, i) => (data[i] = 0.02 * Math.sin(i)));
const delta: Delta = {
  adapter: { factors, scale: 1 },
  strength: 0.75,
  families: ['copy'],
  base: 'b'.repeat(64),
  prompts: { persona: 'end !' },
};
const baked: Model = {
  ...base,
  weights: mergeAdapter(base.weights, delta.adapter, delta.strength),
  config: withBakedMark(config, { copy: 'end !' }),
};

let dir: string;
beforeAll(async () => (dir = await mkdtemp(join(tmpdir(), 'delta-'))));
afterAll(() => rm(dir, { recursive: true, force: true }));

test('a delta comes back from its files', async () => {
  await writeDelta(dir, delta);
  expect(await readDelta(dir)).toEqual(delta);
  await writeFile(join(dir, 'delta.json'), '{"scale":"x"}');
  await expect(readDelta(dir)).rejects.toMatchObject({ code: 'DATA_INVALID' });
});

test('taking it out gives the model back: its weights up to rounding, and the same ternary digits', () => {
  const back = takeOut(baked, delta);
  expect(bakedMark(back.config)).toBeUndefined();
  for (const [name, tensor] of base.weights) {
    const restored = back.weights.get(name)!;
    for (const [i, x] of restored.data.entries()) expect(Math.abs(x - tensor.data[i]!)).toBeLessThan(1e-7);
    const [before, after] = [tensor, restored].map((each) => effectiveWeight(name, each, config).data.map(Math.sign));
    expect(after).toEqual(before);
  }
});

test('half of it taken out is the bake at half the strength, still marked', () => {
  const half = takeOut(baked, delta, 0.5);
  const wanted = mergeAdapter(base.weights, delta.adapter, delta.strength / 2);
  expect(bakedMark(half.config)).toEqual({ copy: 'end !' });
  for (const [name, { data }] of wanted)
    for (const [i, x] of half.weights.get(name)!.data.entries()) expect(Math.abs(x - data[i]!)).toBeLessThan(1e-7);
});

test('a delta of a model of another shape is refused', () => {
  const other = parseConfig({
    ...{ model_type: 'llama', vocab_size: 16, hidden_size: 16, intermediate_size: 48 },
    ...{ num_hidden_layers: 2, num_attention_heads: 2 },
  });
  const stranger: Model = { config: other, weights: initWeights(other, 1), tokenizer: null };
  expect(() => takeOut(stranger, delta)).toThrow(/the delta is of another model/);
});
