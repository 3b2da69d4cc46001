import { mkdtemp, readFile, rm, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ForgeError, Rng } from '@agent-forge/contracts';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { type GgufMetadata, type GgufTensorType, TENSOR_TYPES } from './format.js';
import { GgufFile } from './gguf-file.js';
import { readGgufModel } from './read-gguf-model.js';
import { writeGguf } from './write-gguf.js';

const METADATA: GgufMetadata = new Map([
  ['general.architecture', { type: 'string', value: 'llama' }],
  ['llama.block_count', { type: 'u32', value: 1 }],
  ['numbers', { type: 'array', of: 'i64', value: [-1n, 2n ** 40n] }],
  ['texts', { type: 'array', of: 'string', value: ['', 'zwölf'] }],
  ['yes', { type: 'bool', value: true }],
  ['ratio', { type: 'f64', value: 0.1 }],
  ['small', { type: 'array', of: 'i8', value: [-3, 3] }],
]);
const TENSORS = new Map([
  ['a.weight', { type: 'F32' as GgufTensorType, shape: [3, 4] }],
  ['b.weight', { type: 'TQ2_0' as GgufTensorType, shape: [2, 256] }],
]);
/** Behind the 132 bytes of the last tensor, up to a multiple of 32. */
const PADDING_BYTES = 28;
/** Positions in the header that follow from the format: magic, version, counts, and the length of the first key. */
const [VERSION_AT, TENSORS_AT, KEYS_AT, KEY_LENGTH_AT] = [4, 8, 16, 24];

let dir: string;
let path: string;
let good: Buffer;
beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), 'forge-gguf-hostile-'));
  path = join(dir, 'good.gguf');
  await writeGguf(path, METADATA, TENSORS, (name) => new Uint8Array(name === 'a.weight' ? 48 : 132));
  good = await readFile(path);
});
afterAll(() => rm(dir, { recursive: true, force: true }));

async function refusal(bytes: Uint8Array): Promise<ForgeError> {
  const bad = join(dir, 'bad.gguf');
  await writeFile(bad, bytes);
  return GgufFile.open(bad).then(
    () => {
      throw new Error('it was read');
    },
    (error: unknown) => error as ForgeError,
  );
}

function changed(at: number, value: bigint): Buffer {
  const bytes = Buffer.from(good);
  bytes.writeBigUInt64LE(value, at);
  return bytes;
}

test('metadata and tensors come back as they were written', async () => {
  const file = await GgufFile.open(path);
  expect(file.metadata).toEqual(METADATA);
  expect([...file.tensors].map(([name, { type, shape }]) => [name, { type, shape }])).toEqual([...TENSORS]);
  expect((await file.read('a.weight')).data).toEqual(new Float32Array(12));
});

describe('refused with one line, before anything is made for it', () => {
  test.each<[string, () => Uint8Array, string]>([
    ['nothing', () => new Uint8Array(), 'ends inside'],
    ['another format', () => Buffer.concat([Buffer.from('{"a":'), good]), 'begin with GGUF'],
    ['another version', () => changed(VERSION_AT, 2n), 'version 2'],
    ['too many tensors', () => changed(TENSORS_AT, 2n ** 63n), 'number of tensors'],
    ['more tensors than there are', () => changed(TENSORS_AT, 50_000n), ''],
    ['too many keys', () => changed(KEYS_AT, 2n ** 40n), 'number of keys'],
    ['a long key', () => changed(KEY_LENGTH_AT, 2n ** 62n), 'length of a key'],
    ['an endless list', () => changed(good.indexOf('numbers') + 7 + 8, 2n ** 50n), 'length of "numbers"'],
    ['a wide tensor', () => changed(good.indexOf('a.weight') + 12, 2n ** 60n), 'dimension of "a.weight"'],
    ['too many elements for the file', () => changed(good.indexOf('a.weight') + 12, 2n ** 31n), 'and the data at'],
    ['no elements', () => changed(good.indexOf('a.weight') + 12, 0n), 'elements'],
    ['an unaligned tensor', () => changed(good.indexOf('b.weight') + 32, 65n), 'no multiple'],
    ['two tensors in one place', () => changed(good.indexOf('b.weight') + 32, 32n), 'over another'],
    ['a tensor behind the end', () => changed(good.indexOf('b.weight') + 32, 2n ** 40n), 'ends at'],
    ['rows that are no blocks', () => changed(good.indexOf('b.weight') + 12, 255n), 'no multiple of the 256'],
  ])('%s', async (_, bytes, reason) => {
    const error = await refusal(bytes());
    expect(error).toMatchObject({ name: 'ForgeError', code: 'NOT_A_MODEL' });
    expect(error.message).toContain(reason);
    expect(error.message).not.toContain('\n');
  });

  test('a file that ends anywhere', async () => {
    // Behind the last tensor there is only padding, which may be missing.
    for (let length = 0; length < good.length - PADDING_BYTES; length += length < 300 ? 1 : 7) {
      const error = await refusal(good.subarray(0, length));
      expect(error.code).toBe('NOT_A_MODEL');
    }
  });
});

test('any other bytes are read or refused, never anything else', async () => {
  const rng = Rng.derive(0, 'gguf hostile');
  const bad = join(dir, 'mutated.gguf');
  for (let i = 0; i < 400; i++) {
    const bytes = Buffer.from(good);
    for (let n = 1 + rng.int(3); n > 0; n--) bytes[rng.int(500)] = [0, 1, 255, rng.int(256)][rng.int(4)]!;
    await writeFile(bad, bytes);
    const outcome = await readGgufModel(bad).catch((error: unknown) => error);
    expect(outcome).toBeInstanceOf(ForgeError);
  }
});

test('a file that changes while it is open is noticed', async () => {
  const moving = join(dir, 'moving.gguf');
  await writeFile(moving, good);
  const file = await GgufFile.open(moving);
  await truncate(moving, good.length - 64);
  await expect(file.read('b.weight')).rejects.toMatchObject({ code: 'NOT_A_MODEL' });
  await expect(file.read('c.weight')).rejects.toMatchObject({ code: 'NOT_FOUND' });
});

test('types that are not known are named', async () => {
  const bytes = Buffer.from(good);
  bytes.writeUInt32LE(14, good.indexOf('b.weight') + 28);
  const { message } = await refusal(bytes);
  expect(message).toContain('type 14');
  for (const type of Object.keys(TENSOR_TYPES)) expect(message).toContain(type);
});
