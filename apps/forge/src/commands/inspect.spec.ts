import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { type Model, parameterCount } from '@agent-forge/model';
import type { InspectSummary } from '../inspect/job.js';
import { forge } from '../testing/command.js';
import { writeSmallModel } from '../testing/small-model.js';

let dir: string;
let model: Model;
beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), 'forge-inspect-'));
  model = await writeSmallModel(join(dir, 'model'));
  await writeFile(join(dir, 'pickle.bin'), Buffer.from('\x80\x02}q\x00.', 'latin1'));
});
afterAll(() => rm(dir, { recursive: true, force: true }));

const inspect = (...args: string[]) => forge(dir, 'inspect', ...args);

describe('forge inspect', () => {
  test('a folder: configuration, tokenizer, tensors and an audit that finds nothing', async () => {
    const { code, stdout, stderr } = await inspect('model', '--json');
    expect([code, stderr.includes('forge:')]).toEqual([0, false]);
    const got = JSON.parse(stdout) as InspectSummary;
    expect(got.config).toEqual(model.config);
    expect(got.tokenizer!.vocabSize).toBe(model.tokenizer!.vocabSize);
    expect(got.parameters).toBe(parameterCount(model.config));
    expect(got.sizeBytes).toBe(4 * got.parameters);
    expect(got.tensors.map((t) => t.name).sort()).toEqual([...model.weights.keys()].sort());
    expect(got.tensors.find((t) => t.name === 'model.norm.weight')).toEqual({
      ...{ name: 'model.norm.weight', dtype: 'F32', shape: [32], sizeBytes: 128 },
    });
    expect(got.findings).toEqual([]);
  });

  test('a file: tensors without a configuration', async () => {
    const { code, stdout } = await inspect('model/model.safetensors', '--json');
    expect(code).toBe(0);
    expect(JSON.parse(stdout)).toMatchObject({
      config: null,
      tokenizer: null,
      parameters: parameterCount(model.config),
    });
  });

  test('for people', async () => {
    const { code, stdout } = await inspect('model');
    expect(code).toBe(0);
    for (const part of ['parameters in', 'hiddenSize', 'model.norm.weight', 'audit: nothing wrong'])
      expect(stdout).toContain(part);
  });

  test('names tensor and index of a value that is no number, and fails', async () => {
    await writeSmallModel(join(dir, 'broken'));
    await overwrite(join(dir, 'broken/model.safetensors'), {
      'model.norm.weight': (values) => values.set([NaN], 5),
      'model.layers.1.mlp.up_proj.weight': (values) => values.fill(0),
    });
    const { code, stdout, stderr } = await inspect('broken', '--json');
    expect(code).toBe(1);
    expect((JSON.parse(stdout) as InspectSummary).findings).toEqual([
      'tensor model.layers.1.mlp.up_proj.weight is all zero',
      'tensor model.norm.weight is NaN at index 5',
    ]);
    expect(stderr).toContain('AUDIT_FAILED');
    const generate = await forge(dir, 'generate', 'broken', 'a');
    expect([generate.code, generate.stdout]).toEqual([1, '']);
    expect(generate.stderr).toContain('model.layers.1.mlp.up_proj.weight is all zero');
  });
});

/** Changes values inside a safetensors file of F32 tensors: header length, header, then the values. */
async function overwrite(path: string, changes: Record<string, (values: Float32Array) => void>): Promise<void> {
  const bytes = await readFile(path);
  const start = 8 + Number(bytes.readBigUInt64LE(0));
  const header = JSON.parse(bytes.toString('utf8', 8, start)) as Record<string, { data_offsets: [number, number] }>;
  for (const [name, change] of Object.entries(changes)) {
    const [from, to] = header[name]!.data_offsets;
    const values = new Float32Array(Uint8Array.from(bytes.subarray(start + from, start + to)).buffer);
    change(values);
    bytes.set(new Uint8Array(values.buffer), start + from);
  }
  await writeFile(path, bytes);
}

test.each([
  [['nowhere'], 'does not exist'],
  [['.'], 'has no config.json'],
  [['pickle.bin'], 'UNSUPPORTED_FORMAT'],
  [['model', '--wings'], "unknown option '--wings'"],
])('refuses %j with one clear line', async (args, message) => {
  const { code, stdout, stderr } = await inspect(...args);
  expect(code).toBeGreaterThan(0);
  expect(stdout).toBe('');
  expect(stderr).toContain(message);
  expect(stderr).not.toMatch(/\n\s+at /);
});
