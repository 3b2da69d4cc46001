import { mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { initWeights, parseConfig, writeSafetensors } from '@agent-forge/model';
import { codecOf } from '../codecs.js';
import { compress, decompress, sharedOf } from './compress.js';
import { joined, type Compressed, type CompressedTensor } from './compressed-model.js';
import { openCompressed } from './read-compressed.js';
import { writeCompressed } from './write-compressed.js';

const CONFIG = parseConfig({
  ...{ model_type: 'llama', vocab_size: 40, hidden_size: 32, intermediate_size: 48, num_hidden_layers: 1 },
  ...{ num_attention_heads: 2, tie_word_embeddings: true, max_position_embeddings: 64, thought_families: 'parity' },
});
const WEIGHTS = initWeights(CONFIG, 1);
const codecFor = (name: string) => (/_proj/.test(name) ? 'vq2' : /embed/.test(name) ? 'int8' : 'f32');

let dir: string;
let made: Compressed;
beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), 'agent-forge-codecs-'));
  const matrices = [...WEIGHTS].filter(([name]) => codecFor(name) === 'vq2');
  const shared = sharedOf('vq2', new Map(matrices.map(([name, tensor]) => [name, { tensor }])))!;
  const tensors = new Map<string, CompressedTensor>();
  for (const [name, tensor] of WEIGHTS) tensors.set(name, compress(codecFor(name), { tensor }, shared));
  made = { tensors, shared: new Map([['vq2', shared]]) };
  await writeCompressed(join(dir, 'a'), made, CONFIG);
});
afterAll(() => rm(dir, { recursive: true, force: true }));

describe('a compressed file', () => {
  test('is as long as its codecs say, its codebooks and its header', async () => {
    const { size } = await stat(join(dir, 'a'));
    const header = Number((await readFile(join(dir, 'a'))).readBigUInt64LE(0));
    let expected = 8 + header + codecOf('vq2').sharedBytes!;
    for (const [name, { shape }] of WEIGHTS) expected += codecOf(codecFor(name)).sizeBytes(shape)!;
    expect(size).toBe(expected);
  });

  test('gives each tensor when it is asked for, and the configuration with all its marks', async () => {
    const file = await openCompressed(join(dir, 'a'));
    expect(file.config).toEqual(CONFIG);
    expect([...file.shapes]).toEqual([...WEIGHTS].map(([name, { shape }]) => [name, shape]));
    for (const [name, tensor] of made.tensors)
      expect(await file.read(name)).toEqual(decompress(tensor, made.shared.get(tensor.codec)));
    await expect(file.read('nothing')).rejects.toMatchObject({ code: 'NOT_FOUND' });
  });

  test('read and written again is the same, also from its parts', async () => {
    const loaded = await (await openCompressed(join(dir, 'a'))).load();
    const [first, ...rest] = [...loaded.tensors];
    const parts = [
      { tensors: new Map(rest), shared: loaded.shared },
      { tensors: new Map([first!]), shared: new Map() },
    ];
    await writeCompressed(join(dir, 'b'), joined(parts), CONFIG);
    expect((await readFile(join(dir, 'b'))).length).toBe((await readFile(join(dir, 'a'))).length);
    const again = await openCompressed(join(dir, 'b'));
    for (const name of WEIGHTS.keys())
      expect(await again.read(name)).toEqual(await (await openCompressed(join(dir, 'a'))).read(name));
  });

  test('that is none, or has a codec that there is not, is refused', async () => {
    await writeSafetensors(join(dir, 'plain'), WEIGHTS);
    await expect(openCompressed(join(dir, 'plain'))).rejects.toMatchObject({ code: 'UNSUPPORTED_FORMAT' });
    const bytes = await readFile(join(dir, 'a'), 'latin1');
    // As long as before, so that nothing else is wrong with it.
    const huge = bytes.replace('\\"shape\\":[40,32]', '\\"shape\\":[99,99]');
    expect(huge).not.toBe(bytes);
    await writeFile(join(dir, 'huge'), huge, 'latin1');
    await expect(openCompressed(join(dir, 'huge'))).rejects.toThrow(
      'is not stored as its header and configuration say',
    );
    await writeFile(join(dir, 'strange'), bytes.replaceAll('\\"int8\\"', '\\"int9\\"'), 'latin1');
    await expect(openCompressed(join(dir, 'strange'))).rejects.toThrow('there is no codec int9');
  });
});
