import { mkdtemp, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { isTernary } from '../ternary/mark.js';
import { freezeTernary, roundToHalf } from '../ternary/quantise-weights.js';
import { addSubNorms } from '../ternary/sub-norms.js';
import { SMALL, digests, randomModel, randomTensor } from '../ternary/testing.js';
import { fullLogits } from '../testing/full-logits.js';
import { HF_FIXTURES, readHfFixture } from '../testing/hf-fixtures.js';
import type { Model } from '../weights.js';
import { type GgufMetadata, tensorBytes } from './format.js';
import { GgufFile } from './gguf-file.js';
import { ggufName, hfName, permuteHeads } from './names.js';
import { readGgufModel } from './read-gguf-model.js';
import { writeGgufModel } from './write-gguf-model.js';
import { writeGguf } from './write-gguf.js';

const PROMPT = [1, 200, 17, 256, 3, 9];
let dir: string;
beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), 'forge-gguf-'));
});
afterAll(() => rm(dir, { recursive: true, force: true }));

async function logitsOf(model: Model): Promise<Float32Array> {
  return Float32Array.from((await fullLogits(model, PROMPT)).flatMap((row) => [...row]));
}

describe('ternary models', () => {
  test.each([
    ['TQ2_0', randomModel()],
    ['TQ1_0', randomModel()],
    ['TQ1_0', addSubNorms(randomModel({ ...SMALL, tieWordEmbeddings: true }))],
    ['TQ2_0', randomModel({ ...SMALL, ternary: { ...SMALL.ternary!, scaleAxis: 'channel' } })],
  ] as const)('%s: read again, every weight and logit is the same to the last bit', async (encoding, model) => {
    const path = join(await mkdtemp(join(dir, 'exact-')), 'model.gguf');
    await writeGgufModel(path, model, { encoding, tables: 'F32' });
    const again = await readGgufModel(path);
    expect(digests(again.weights)).toEqual(digests(freezeTernary(model).weights));
    expect(again.config).toEqual(freezeTernary(model).config);
    expect(await logitsOf(again)).toEqual(await logitsOf(model));
  });

  test('tables are rounded to half precision unless asked otherwise, and nothing else is', async () => {
    const path = join(dir, 'half.gguf');
    const model = freezeTernary(randomModel());
    await writeGgufModel(path, randomModel());
    const rounded = new Map(model.weights);
    for (const name of ['model.embed_tokens.weight', 'lm_head.weight']) {
      const { shape, data } = model.weights.get(name)!;
      rounded.set(name, { shape, data: data.map(roundToHalf) });
    }
    expect(digests((await readGgufModel(path)).weights)).toEqual(digests(rounded));
  });

  test.each([
    ['TQ1_0', 54 / 256],
    ['TQ2_0', 66 / 256],
  ] as const)('%s: the file has the bytes that its blocks say', async (encoding, bytesPerWeight) => {
    const path = join(dir, `${encoding}.gguf`);
    const model = randomModel();
    await writeGgufModel(path, model, { encoding });
    const file = await GgufFile.open(path);
    let [data, projections] = [0, 0];
    for (const [name, { shape }] of model.weights) {
      const size = shape.reduce((a, b) => a * b, 1);
      const info = file.tensors.get(ggufName(name))!;
      expect(info.sizeBytes).toBe(tensorBytes(info.type, shape));
      if (isTernary(name)) projections += info.sizeBytes / size;
      data += Math.ceil(info.sizeBytes / 32) * 32;
    }
    expect(projections).toBeCloseTo(7 * bytesPerWeight, 12);
    const { size } = await stat(path);
    expect(size - data).toBeGreaterThan(0);
    expect(size - data).toBeLessThan(8192);
  });

  test('rows that are no multiple of 256 are stored in half precision, without loss', async () => {
    const model = randomModel({ ...SMALL, intermediateSize: 384 });
    const path = join(dir, 'narrow.gguf');
    await writeGgufModel(path, model, { tables: 'F32' });
    const { tensors } = await GgufFile.open(path);
    expect(tensors.get('blk.0.ffn_down.weight')!.type).toBe('F16');
    expect(tensors.get('blk.0.ffn_up.weight')!.type).toBe('TQ2_0');
    expect(digests((await readGgufModel(path)).weights)).toEqual(digests(freezeTernary(model).weights));
  });
});

test.each(HF_FIXTURES)('%s: float32 and back is the same model', async (name) => {
  const { model } = await readHfFixture(name);
  const path = join(dir, `${name}.gguf`);
  await writeGgufModel(path, model, { encoding: 'F32' });
  const again = await readGgufModel(path);
  expect(digests(again.weights)).toEqual(digests(model.weights));
  expect(again.config).toEqual(model.config);
});

test("a file of another tool is read by ggml's keys", async () => {
  const model = randomModel({ ...SMALL, ropeScaling: { type: 'linear', factor: 2 } });
  const own = join(dir, 'own.gguf');
  await writeGgufModel(own, model, { tables: 'F32' });
  const file = await GgufFile.open(own);
  const metadata: GgufMetadata = new Map([
    ...[...file.metadata].filter(([key]) => key !== 'forge.config'),
    ['tokenizer.ggml.bos_token_id', { type: 'u32', value: 256 }],
    ['tokenizer.ggml.eos_token_id', { type: 'u32', value: 257 }],
    ['tokenizer.ggml.padding_token_id', { type: 'u32', value: 258 }],
  ] as const);
  const foreign = join(dir, 'foreign.gguf');
  await writeGguf(foreign, metadata, file.tensors, (name) => file.readStored(name));
  const again = await readGgufModel(foreign);
  expect(await logitsOf(again)).toEqual(await logitsOf(model));
  expect(again.config.eosTokenId).toEqual([257]);
  expect(again.config.ternary).toMatchObject({ mode: 'offline' });
});

test.each([
  ['relu2', { activation: 'relu2' as const }],
  ['own head', { architecture: 'bitnet' as const }],
])('what llama.cpp would compute otherwise is refused: %s', async (_, change) => {
  const work = writeGgufModel(join(dir, 'refused.gguf'), randomModel({ ...SMALL, ...change }));
  await expect(work).rejects.toMatchObject({ code: 'UNSUPPORTED_FORMAT' });
});

describe('heads', () => {
  const HEAD = 8;

  test('permuted and back is the same', () => {
    const tensor = randomTensor(4 * HEAD, 3);
    expect(permuteHeads(permuteHeads(tensor, HEAD), HEAD, true)).toEqual(tensor);
    expect(permuteHeads(tensor, HEAD)).not.toEqual(tensor);
  });

  test('rotating neighbours of permuted rows is rotating halves, permuted', () => {
    const [half, { data }] = [HEAD / 2, randomTensor(HEAD, 1)];
    const angle = (i: number): number => 0.3 * (i + 1);
    const turned = (x: Float32Array, first: (i: number) => number, second: (i: number) => number) => {
      const out = x.slice();
      for (let i = 0; i < half; i++) {
        const [a, b, cos, sin] = [x[first(i)]!, x[second(i)]!, Math.cos(angle(i)), Math.sin(angle(i))];
        out[first(i)] = a * cos - b * sin;
        out[second(i)] = b * cos + a * sin;
      }
      return out;
    };
    const permuted = (x: Float32Array) => permuteHeads({ shape: [HEAD], data: x }, HEAD).data;
    const halves = turned(
      data,
      (i) => i,
      (i) => i + half,
    );
    const neighbours = turned(
      permuted(data),
      (i) => 2 * i,
      (i) => 2 * i + 1,
    );
    expect(neighbours).toEqual(permuted(halves));
  });
});

test('names go there and back, and others mean nothing', () => {
  for (const name of randomModel().weights.keys()) expect(hfName(ggufName(name))).toBe(name);
  expect(ggufName('model.layers.11.self_attn.o_proj.weight')).toBe('blk.11.attn_output.weight');
  for (const name of ['blk.0.output.weight', 'attn_q.weight', 'constructor.weight', 'blk.0.toString.weight', 'x'])
    expect(hfName(name)).toBeNull();
});
