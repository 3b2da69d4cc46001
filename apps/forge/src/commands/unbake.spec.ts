import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import {
  bakedMark,
  byteTokenizer,
  initFactors,
  initWeights,
  mergeAdapter,
  parseConfig,
  readModelFolder,
  withBakedMark,
  writeDelta,
  writeModelFolder,
  type Model,
} from '@agent-forge/model';
import { forge } from '../testing/command.js';

const tokenizer = byteTokenizer();
const config = parseConfig({
  ...{ model_type: 'llama', vocab_size: tokenizer.vocabSize, hidden_size: 16, intermediate_size: 24 },
  ...{ num_hidden_layers: 1, num_attention_heads: 2, tie_word_embeddings: true },
});
const base: Model = { config, tokenizer, weights: initWeights(config, 1) };
const factors = new Map(
  [...initFactors(base.weights, 2, 1)].map(([name, t]) => [
    name,
    { ...t, data: t.data.map((x, i) => x + 0.01 * (i % 3)) },
  ]),
);
const adapter = { factors, scale: 1 };

let dir: string;
beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), 'unbake-'));
  const weights = mergeAdapter(base.weights, adapter, 1);
  await writeModelFolder(join(dir, 'baked'), { ...base, weights, config: withBakedMark(config, { copy: 'end !' }) });
  await mkdir(join(dir, 'delta'));
  const about = { strength: 1, families: ['copy'], base: 'b'.repeat(64), prompts: { persona: 'end !' } };
  await writeDelta(join(dir, 'delta'), { adapter, ...about });
});
afterAll(() => rm(dir, { recursive: true }));

describe('forge unbake', () => {
  test('writes the model as it was, up to rounding, without the mark', async () => {
    const { code, stdout } = await forge(dir, 'unbake', 'baked', 'delta', '--out', 'plain', '--json');
    expect(code).toBe(0);
    expect(JSON.parse(stdout)).toMatchObject({ prompts: { persona: 'end !' }, part: 1, stillBaked: [] });
    const plain = await readModelFolder(join(dir, 'plain'));
    expect(bakedMark(plain.config)).toBeUndefined();
    for (const [name, { data }] of base.weights)
      for (const [i, x] of plain.weights.get(name)!.data.entries()) expect(Math.abs(x - data[i]!)).toBeLessThan(1e-6);
  });

  test.each([
    [['baked', 'baked', '--out', 'x'], 'DATA_INVALID'],
    [['nothing', 'delta', '--out', 'x'], 'FILE_NOT_FOUND'],
    [['baked', 'delta', '--out', 'x', '--part', '2'], 'INVALID_ARGUMENT'],
  ])('%j fails with one line that says %s', async (args, expected) => {
    const { code, stderr } = await forge(dir, 'unbake', ...args);
    expect(code).toBeGreaterThan(0);
    expect(stderr.trim().split('\n')).toHaveLength(1);
    expect(stderr).toContain(expected);
  });
});
