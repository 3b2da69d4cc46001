import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { FsArtifactStore } from '@agent-forge/artifacts-fs';
import {
  byteTokenizer,
  initWeights,
  parseConfig,
  readModelFolder,
  TERNARY_TRAINING,
  writeModelFolder,
  writePackedFolder,
} from '@agent-forge/model';
import type { ExportSummary } from '../export/job.js';
import { forge } from '../testing/command.js';

let dir: string;
let artifactId: string;
beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), 'agent-forge-export-'));
  const tokenizer = byteTokenizer();
  const config = parseConfig({
    model_type: 'llama',
    vocab_size: tokenizer.vocabSize,
    // Whole blocks of llama.cpp's ternary types.
    hidden_size: 256,
    intermediate_size: 256,
    num_hidden_layers: 1,
    num_attention_heads: 4,
    max_position_embeddings: 64,
    tie_word_embeddings: true,
  });
  const weights = initWeights(config, 1);
  await writeModelFolder(join(dir, 'float'), { config, tokenizer, weights });
  const ternary = { ...TERNARY_TRAINING, scaleGrid: 'float16' } as const;
  await writeModelFolder(join(dir, 'ternary'), { config: { ...config, ternary }, tokenizer, weights });
  await writePackedFolder(join(dir, 'packed'), await readModelFolder(join(dir, 'ternary')));
  const store = await FsArtifactStore.open(join(dir, 'data', 'artifacts'));
  const lineage = { parents: [], data: [], phase: 'import', params: {}, seed: 1, codeVersion: 't', metrics: {} };
  ({ id: artifactId } = await store.putFolder(join(dir, 'float'), 'model', { kind: 'model', lineage }));
});
afterAll(() => rm(dir, { recursive: true }));

async function exported(model: string, ...options: string[]): Promise<ExportSummary> {
  const out = join(dir, ['out', model, ...options].join('-').replaceAll('/', '_'));
  const { code, stdout, stderr } = await forge(dir, 'export', model, ...options, '--out', out, '--json');
  expect([code, stderr]).toEqual([0, '']);
  return JSON.parse(stdout) as ExportSummary;
}

describe('forge export', () => {
  test.each([
    ['float', ['--format', 'gguf'], 'F16', 1.9],
    ['float', ['--format', 'gguf', '--encoding', 'Q4_0'], 'Q4_0', 2.5],
    ['float', ['--format', 'onnx', '--encoding', 'q4'], 'q4', 2],
    ['float', ['--format', 'hf'], 'plain', 0.9],
    ['ternary', ['--format', 'gguf'], 'TQ2_0', 5],
    ['ternary', ['--format', 'gguf', '--encoding', 'TQ1_0'], 'TQ1_0', 5],
    ['ternary', ['--format', 'onnx'], 'q2', 3],
    ['ternary', ['--format', 'hf'], 'packed', 3],
    ['ternary', ['--format', 'safetensors'], 'plain', 0.9],
    ['packed', ['--format', 'gguf'], 'TQ2_0', 1],
    ['packed', ['--format', 'onnx'], 'q2', 0.5],
    ['packed', ['--format', 'hf'], 'packed', 0.9],
    ['packed', ['--format', 'safetensors'], 'plain', 0.1],
  ])('writes %s %j, and reads back nearly the same model', async (model, options, encoding, times) => {
    const { encoding: used, sizeBytes, inputBytes, loss, exportLoss } = await exported(model, ...options);
    expect(used).toBe(encoding);
    expect(inputBytes / sizeBytes).toBeGreaterThan(times);
    expect(Math.abs(exportLoss - loss)).toBeLessThan(0.01);
  });

  test('takes an artifact out of the store', async () => {
    const { files } = await exported(artifactId, '--format', 'gguf', '--data-dir', 'data');
    expect(files.map(({ name }) => name)).toEqual(['model-F16.gguf']);
  });

  test.each([
    [
      ['float', '--format', 'gguf', '--encoding', 'TQ1_0'],
      /TQ1_0 holds ternary weights, .* choose F16.*INVALID_ARGUMENT/,
    ],
    [['float', '--format', 'onnx', '--encoding', 'int3'], /onnx has no "int3"; choose fp32, q4/],
    [['nowhere', '--format', 'hf'], /nowhere does not exist.*FILE_NOT_FOUND/],
    [['f'.repeat(64), '--format', 'hf', '--data-dir', 'data'], /ARTIFACT_NOT_FOUND/],
    [['float', '--format', 'zip'], /Allowed choices are gguf, onnx, hf, safetensors/],
  ])('refuses %j in one line, and leaves nothing', async (args, message) => {
    const { code, stderr } = await forge(dir, 'export', ...args, '--out', join(dir, 'refused'));
    expect([code === 0, stderr]).toEqual([false, expect.stringMatching(message)]);
    expect(await readdir(dir)).not.toContain('refused');
  });
});
