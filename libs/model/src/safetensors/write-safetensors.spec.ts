import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { openSafetensors } from './open-safetensors.js';
import { streamSafetensors, writeSafetensors } from './write-safetensors.js';
import type { WeightTensor } from '../weights.js';

const HF = fileURLToPath(new URL('../../fixtures/hf', import.meta.url));
let dir: string;
let file: string;
beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), 'forge-write-'));
  file = join(dir, 'x.safetensors');
});
afterAll(() => rm(dir, { recursive: true, force: true }));

const tensor = (shape: number[], ...values: number[]): WeightTensor => ({ shape, data: Float32Array.from(values) });

async function readWeights(path: string): Promise<Map<string, WeightTensor>> {
  const source = await openSafetensors(path);
  const weights = new Map<string, WeightTensor>();
  for (const name of source.tensors.keys()) weights.set(name, await source.read(name));
  return weights;
}

describe('writeSafetensors', () => {
  test.each([
    ['llama-gqa', 'F32'],
    ['llama-mha-f16', 'F16'],
    ['qwen2-bias-tied', 'F32'],
  ] as const)('writes %s byte for byte as the safetensors library did', async (name, dtype) => {
    const original = join(HF, name, 'model.safetensors');
    await writeSafetensors(file, await readWeights(original), { dtype });
    expect(Buffer.compare(await readFile(file), await readFile(original))).toBe(0);
  });

  test('brings back every float32, and metadata', async () => {
    const odd = [0, -0, 1e-45, -1e38, Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, 0.1];
    const weights = new Map([
      ['10', tensor([2, 4], ...odd)],
      ['9', tensor([], 7)],
      ['none', tensor([0, 3])],
    ]);
    await writeSafetensors(file, weights, { metadata: { step: '12', grün: '"\n' } });
    const source = await openSafetensors(file);
    expect([...source.metadata]).toEqual([
      ['format', 'pt'],
      ['step', '12'],
      ['grün', '"\n'],
    ]);
    expect((await source.read('10')).data).toEqual(Float32Array.from(odd));
    expect(await source.read('9')).toEqual(tensor([], 7));
    expect(await source.read('none')).toEqual(tensor([0, 3]));
  });

  test('half floats can be had as their stored bits', async () => {
    await writeSafetensors(file, new Map([['x', tensor([3], 1, -2, 0.5)]]), { dtype: 'BF16' });
    const source = await openSafetensors(file);
    expect(await source.readStored('x')).toEqual({
      dtype: 'BF16',
      shape: [3],
      data: Uint16Array.of(0x3f80, 0xc000, 0x3f00),
    });
    const bytes = new Uint8Array(4);
    const opened = await source.openTensor('x');
    opened.read(2, bytes);
    expect(new Uint16Array(bytes.buffer)).toEqual(Uint16Array.of(0xc000, 0x3f00));
    expect(() => opened.read(4, bytes)).toThrow('it ends inside tensor "x"');
    opened.close();
    await writeSafetensors(file, new Map([['x', tensor([1], 0.1)]]));
    expect((await (await openSafetensors(file)).readStored('x')).data).toEqual(Float32Array.of(0.1));
  });

  test('puts larger elements first and aligns all of them', async () => {
    const specs = new Map([
      ['b', { dtype: 'BF16', shape: [3] }],
      ['a', { dtype: 'U8', shape: [1] }],
      ['d', { dtype: 'I64', shape: [1] }],
      ['c', { dtype: 'F32', shape: [1] }],
    ] as const);
    const data = new Map<string, Float32Array | Uint8Array | BigInt64Array>([
      ['b', Float32Array.of(1, 2, 3)],
      ['a', Uint8Array.of(9)],
      ['d', BigInt64Array.of(-5n)],
      ['c', Float32Array.of(4)],
    ]);
    const asked: string[] = [];
    await streamSafetensors(file, specs, (name) => {
      asked.push(name);
      return { data: data.get(name)! };
    });
    expect(asked).toEqual(['d', 'c', 'b', 'a']);
    const bytes = await readFile(file);
    expect((8 + Number(bytes.readBigUInt64LE())) % 8).toBe(0);
    const source = await openSafetensors(file);
    for (const [name, values] of data) expect((await source.readTyped(name)).data).toEqual(values);
    await expect(source.read('d')).rejects.toMatchObject({ code: 'UNSUPPORTED_FORMAT' });
    await expect(source.read('e')).rejects.toMatchObject({ code: 'NOT_FOUND' });
  });

  test('narrows more than one chunk, and a view into a larger buffer', async () => {
    const count = 2 ** 18 + 5;
    const whole = Float32Array.from({ length: count + 3 }, (_, i) => (i % 251) - 125);
    await writeSafetensors(file, new Map([['w', { shape: [count], data: whole.subarray(3) }]]), { dtype: 'BF16' });
    expect((await (await openSafetensors(file)).read('w')).data).toEqual(whole.slice(3));
  });

  test.each([
    ['F16', 65520, 65519],
    ['BF16', 3.4e38, 3.38e38],
  ] as const)('refuses a value that %s cannot hold, naming it', async (dtype, tooLarge, largest) => {
    await writeSafetensors(file, new Map([['w', tensor([2], largest, Number.POSITIVE_INFINITY)]]), { dtype });
    const before = await readFile(file);
    const bad = new Map([['w', tensor([3], 1, 2, -tooLarge)]]);
    await expect(writeSafetensors(file, bad, { dtype })).rejects.toMatchObject({
      code: 'AUDIT_FAILED',
      message: expect.stringMatching(/tensor w.*index 2.*too large/) as unknown as string,
    });
    expect(await readFile(file)).toEqual(before);
  });

  test.each([
    ['too few values', new Map([['w', tensor([3], 1, 2)]]), 'SHAPE_MISMATCH'],
    ['a name that no reader takes', new Map([['a\0', tensor([1], 1)]]), 'SAFETENSORS_INVALID'],
  ])('leaves nothing behind for %s', async (_, weights, code) => {
    await rm(file, { force: true });
    await expect(writeSafetensors(file, weights)).rejects.toMatchObject({ code });
    expect(await readdir(dir)).toEqual([]);
  });

  test('leaves the old file and nothing else when the source fails half-way', async () => {
    await writeFile(file, 'old');
    const specs = new Map([
      ['a', { dtype: 'F32', shape: [1] }],
      ['b', { dtype: 'F32', shape: [1] }],
    ] as const);
    const pull = (name: string): { data: Float32Array } => {
      if (name === 'b') throw new Error('no b');
      return { data: Float32Array.of(1) };
    };
    await expect(streamSafetensors(file, specs, pull)).rejects.toThrow('no b');
    expect(await readdir(dir)).toEqual(['x.safetensors']);
    expect(await readFile(file, 'utf8')).toBe('old');
  });

  test('takes the longest name that there is, and refuses a longer one', async () => {
    await rm(file, { force: true });
    await writeSafetensors(join(dir, 'x'.repeat(255)), new Map([['w', tensor([1], 1)]]));
    await rm(join(dir, 'x'.repeat(255)));
    const longer = writeSafetensors(join(dir, 'x'.repeat(256)), new Map());
    await expect(longer).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' });
    expect(await readdir(dir)).toEqual([]);
  });

  test('does not put a file in the place of a folder', async () => {
    await expect(writeSafetensors(dir, new Map())).rejects.toMatchObject({ code: 'FILE_EXISTS', retry: 'permanent' });
  });

  test('says so when the folder is not there', async () => {
    await expect(writeSafetensors(join(dir, 'none', 'x'), new Map())).rejects.toMatchObject({ code: 'FILE_NOT_FOUND' });
  });
});

test('a file that changes after it was opened is not read as if it had not', async () => {
  await writeSafetensors(file, new Map([['w', tensor([2], 1, 2)]]));
  const source = await openSafetensors(file);
  await writeSafetensors(file, new Map([['w', tensor([2], 3, 4)]]));
  await expect(source.read('w')).rejects.toMatchObject({ code: 'SAFETENSORS_INVALID' });
});
