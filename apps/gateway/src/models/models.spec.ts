import { mkdir, mkdtemp, readFile, readdir, rm, writeFile } from 'node:fs/promises';
import { request as httpRequest } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import {
  byteTokenizer,
  initWeights,
  parseConfig,
  readModelFolder,
  writeModelFolder,
  type Model,
} from '@agent-forge/model';
import { LINEAGE_FILE, readLineage } from '@agent-forge/contracts';
import { downloadArtifact, getArtifact, uploadModel, type Connection } from '@agent-forge/sdk';
import { World } from '../testing/world.js';

let world: World;
let client: Connection;
let base: string;
let dir: string;
beforeAll(async () => {
  world = await World.create();
  client = await world.connect();
  base = await mkdtemp(join(tmpdir(), 'agent-forge-models-'));
});
afterAll(async () => {
  await world?.destroy();
  await rm(base, { recursive: true, force: true });
});
beforeEach(async () => {
  dir = join(await mkdtemp(join(base, 'model-')), 'model');
  await writeModelFolder(dir, model(), { dtype: 'F32' });
});
/** Whatever happened, nothing of an upload stays but what was stored. */
afterEach(async () => {
  for (let i = 0; i < 100 && (await leftovers()).length > 0; i++) await sleep(20);
  expect(await leftovers()).toEqual([]);
});

function model(): Model {
  const tokenizer = byteTokenizer();
  const config = parseConfig({
    model_type: 'llama',
    vocab_size: tokenizer.vocabSize,
    hidden_size: 32,
    intermediate_size: 48,
    num_hidden_layers: 1,
    num_attention_heads: 4,
    tie_word_embeddings: true,
    bos_token_id: tokenizer.bosId,
    eos_token_id: tokenizer.eosId,
  });
  return { config, weights: initWeights({ ...config, initializerRange: 0.3 }, 1), tokenizer };
}

const below = (...parts: string[]) => join(world.broker.dataDir, ...parts);
async function leftovers(): Promise<string[]> {
  return [...(await readdir(below('work'))), ...(await readdir(below('artifacts', 'tmp')))];
}
const stored = async () => ({
  manifests: (await readdir(below('artifacts', 'manifests'))).length,
  files: (await readdir(below('artifacts', 'files'), { recursive: true })).filter((name) => name.includes('/')).length,
});

describe('an uploaded model', () => {
  test('is stored as it was, with its lineage, and comes back as the same model', async () => {
    await writeFile(join(dir, 'README.md'), 'stays at home');
    const { artifactId, kind, parameters, sizeBytes, files } = await uploadModel(client, dir);
    expect([kind, files.map(({ name }) => name)]).toEqual([
      'model',
      ['config.json', 'generation_config.json', 'model.safetensors', 'tokenizer.json', 'tokenizer_config.json'],
    ]);
    const expected = [...model().weights.values()].reduce((sum, { data }) => sum + data.length, 0);
    expect(parameters).toBe(expected);
    expect(sizeBytes).toBe(files.reduce((sum, file) => sum + file.sizeBytes, 0));
    expect((await getArtifact(client, artifactId)).lineage).toMatchObject({ phase: 'import', parents: [] });
    const out = join(base, 'out');
    await downloadArtifact(client, artifactId, out);
    expect((await readdir(out)).sort()).toEqual([...files.map(({ name }) => name), LINEAGE_FILE].sort());
    expect([...readLineage(await readFile(join(out, LINEAGE_FILE), 'utf8')).keys()]).toEqual([artifactId]);
    expect((await uploadModel(client, out)).artifactId).toBe(artifactId);
    expect(await readFile(join(out, 'model.safetensors'))).toEqual(await readFile(join(dir, 'model.safetensors')));
    expect((await readModelFolder(out)).weights).toEqual(model().weights);
    expect((await uploadModel(client, dir)).artifactId).toBe(artifactId);
    await expect(downloadArtifact(client, artifactId, out)).rejects.toMatchObject({ code: 'FILE_EXISTS' });
  });

  const weights = () => join(dir, 'model.safetensors');
  const edit = async (change: (bytes: Buffer) => Buffer) => writeFile(weights(), change(await readFile(weights())));
  const config = async (fields: object) => {
    const json = JSON.parse(await readFile(join(dir, 'config.json'), 'utf8')) as object;
    await writeFile(join(dir, 'config.json'), JSON.stringify({ ...json, ...fields }));
  };

  test.each<[string, () => Promise<unknown>, string, RegExp]>([
    ['has no weights', () => rm(weights()), 'NOT_A_MODEL', /neither model\.safetensors nor/],
    ['has empty weights', () => writeFile(weights(), ''), 'SAFETENSORS_INVALID', /model\.safetensors/],
    [
      'has weights that do not fit its configuration',
      () => config({ hidden_size: 64 }),
      'AUDIT_FAILED',
      /has the shape/,
    ],
    ['has a layer too few', () => config({ num_hidden_layers: 2 }), 'AUDIT_FAILED', /is missing/],
    [
      'has a configuration that is no JSON',
      () => writeFile(join(dir, 'config.json'), '{'),
      'NOT_A_MODEL',
      /config\.json/,
    ],
    ['is of another architecture', () => config({ model_type: 'bert' }), 'NOT_A_MODEL', /bert/],
    ['has a NaN', () => edit((b) => (b.writeFloatLE(NaN, b.length - 4), b)), 'AUDIT_FAILED', /NaN at index/],
    ['is cut short', () => edit((b) => b.subarray(0, b.length - 4)), 'SAFETENSORS_INVALID', /./],
    ['claims a huge header', () => edit((b) => (b.writeBigUInt64LE(2n ** 60n, 0), b)), 'SAFETENSORS_INVALID', /header/],
    [
      'has a pickle for weights',
      () => writeFile(weights(), Buffer.from('\x80\x04\x95abc', 'latin1')),
      'UNSUPPORTED_FORMAT',
      /pickle/,
    ],
    ['has a zip archive for weights', () => writeFile(weights(), 'PK\x03\x04abc'), 'UNSUPPORTED_FORMAT', /zip/],
    ['has a GGUF file for weights', () => writeFile(weights(), 'GGUF\x03abc'), 'UNSUPPORTED_FORMAT', /GGUF/],
    [
      'has a page for weights',
      () => writeFile(weights(), '<!DOCTYPE html><p>log in</p>'),
      'UNSUPPORTED_FORMAT',
      /HTML/,
    ],
    [
      'has a zip archive for a tokenizer',
      () => writeFile(join(dir, 'tokenizer.json'), 'PK\x03\x04abc'),
      'UNSUPPORTED_FORMAT',
      /zip/,
    ],
    [
      'has a template that is no text',
      () => writeFile(join(dir, 'chat_template.jinja'), Buffer.of(0xff, 0xfe)),
      'DATA_INVALID',
      /UTF-8/,
    ],
    ['has a tokenizer for nothing', () => writeFile(join(dir, 'tokenizer.json'), '{}'), 'TOKENIZER_INVALID', /./],
  ])('that %s is refused, and nothing of it is kept', async (_, break_, code, message) => {
    await break_();
    const before = await stored();
    await expect(uploadModel(client, dir)).rejects.toMatchObject({ code, message: expect.stringMatching(message) });
    expect(await stored()).toEqual(before);
  });

  test('tells nobody where the server keeps its files', async () => {
    await writeFile(weights(), '');
    await expect(uploadModel(client, dir)).rejects.toMatchObject({
      message: expect.not.stringMatching(/upload-|\/tmp\/|agent-forge-/),
    });
  });

  test('that breaks off is not kept', async () => {
    const stop = new AbortController();
    await mkdir(join(base, 'x'), { recursive: true });
    const before = await stored();
    await edit((b) => Buffer.concat([b, Buffer.alloc(64 * 1024 * 1024)]));
    const upload = uploadModel(client, dir, { signal: stop.signal });
    setTimeout(() => stop.abort(), 30);
    await expect(upload).rejects.toMatchObject({ code: expect.stringMatching(/CANCELLED|SAFETENSORS_INVALID/) });
    expect(await stored()).toEqual(before);
  });
});

describe('a hand-made upload', () => {
  const part = (name: string, content: string | Buffer, field = 'files') =>
    Buffer.concat([
      Buffer.from(`--xx\r\ncontent-disposition: form-data; name="${field}"; filename="${name}"\r\n\r\n`),
      Buffer.from(content as string),
      Buffer.from('\r\n'),
    ]);
  const END = Buffer.from('--xx--\r\n');

  async function post(...parts: Buffer[]): Promise<{ status: number; code: string; detail: string }> {
    const answer = await fetch(`${client.url}/v1/models`, {
      method: 'POST',
      headers: {
        authorization: `Bearer ${await client.token()}`,
        'content-type': 'multipart/form-data; boundary=xx',
      },
      body: Buffer.concat(parts),
    });
    return { status: answer.status, ...((await answer.json()) as { code: string; detail: string }) };
  }

  test.each([
    '../config.json',
    '../../../../etc/cron.d/x.safetensors',
    '/etc/passwd',
    'a/config.json',
    '..\\\\config.json',
    '.hidden.safetensors',
    '',
    'x\u0000.safetensors',
    `${'a'.repeat(130)}.safetensors`,
    'CON.json',
    'ünï.safetensors',
    '__proto__',
  ])('with a file called %j is refused', async (name) => {
    const before = await stored();
    const { status, code } = await post(part(name, '{}'), END);
    expect([
      [400, 'INVALID_ARGUMENT'],
      [415, 'UNSUPPORTED_FORMAT'],
    ]).toContainEqual([status, code]);
    expect(await stored()).toEqual(before);
  });

  test.each<[string, Buffer[], number, RegExp]>([
    ['the same file twice', [part('config.json', '{}'), part('config.json', '{}'), END], 400, /twice/],
    [
      'two files that differ in case',
      [part('a.safetensors', '12345678{}'), part('A.safetensors', '12345678{}'), END],
      400,
      /twice/,
    ],
    ['no file', [END], 400, /no file|Unexpected/],
    ['nothing', [], 400, /no file/],
    [
      'a field',
      [Buffer.from('--xx\r\ncontent-disposition: form-data; name="a"\r\n\r\nb\r\n'), END],
      400,
      /no file|filename/,
    ],
    ['no end', [part('config.json', '{}')], 400, /end/i],
    ['a program', [part('setup.py', 'import os'), END], 415, /setup\.py/],
    ['pickled weights by their name', [part('pytorch_model.bin', 'x'), END], 415, /pytorch_model\.bin/],
    ['a part without headers', [Buffer.from('--xx\r\n\r\nabc\r\n'), END], 400, /./],
  ])('with %s is refused', async (_, parts, status, message) => {
    const answer = await post(...parts);
    expect([answer.status, answer.detail]).toEqual([status, expect.stringMatching(message)]);
  });

  test.each([
    'multipart/form-data',
    'multipart/form-data; boundary=',
    'multipart/mixed; boundary=xx',
    'application/json',
  ])('of type %s is refused', async (type) => {
    const answer = await fetch(`${client.url}/v1/models`, {
      method: 'POST',
      headers: { authorization: `Bearer ${await client.token()}`, 'content-type': type },
      body: '{}',
    });
    expect([400, 406, 415]).toContain(answer.status);
    expect(answer.headers.get('content-type')).toMatch(/problem\+json/);
  });

  test.each([1_000_000, 10])('whose length is said to be %d is not kept', async (length) => {
    const body = Buffer.concat([part('config.json', '{}'), END]);
    const before = await stored();
    const token = await client.token();
    const status = await new Promise<number | string>((resolve) => {
      const request = httpRequest(`${client.url}/v1/models`, {
        method: 'POST',
        headers: {
          authorization: `Bearer ${token}`,
          'content-type': 'multipart/form-data; boundary=xx',
          'content-length': length,
        },
      });
      request
        .on('response', (response) => resolve(response.statusCode!))
        .on('error', (error) => resolve(error.message));
      request.flushHeaders();
      // Past Node.js, which would not send a body of another length.
      request.once('socket', (socket) => socket.once('connect', () => socket.write(body)));
      setTimeout(() => request.destroy(new Error('gone')), 500);
    });
    expect([400, 'gone']).toContain(status);
    expect(await stored()).toEqual(before);
  });
});
