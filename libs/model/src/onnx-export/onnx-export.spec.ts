import { mkdir, mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Session } from '@agent-forge/tensor';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { writeConfigJson } from '../folder/json-file.js';
import type { TokenModel } from '../generation/decoder.js';
import { TokenGenerator, createGenerator } from '../generation/token-generator.js';
import { isTernary } from '../ternary/mark.js';
import { dequantise, freezeTernary, quantiseTernary } from '../ternary/quantise-weights.js';
import { addSubNorms } from '../ternary/sub-norms.js';
import { SMALL, logitError, randomModel, randomTensor } from '../ternary/testing.js';
import { fullLogits } from '../testing/full-logits.js';
import { readHfFixture } from '../testing/hf-fixtures.js';
import type { Model } from '../weights.js';
import { type OnnxEncoding, PAST, cacheNames, onnxFile } from './encoding.js';
import { OnnxDecoder } from './onnx-decoder.js';
import { packInt4, packTernary } from './pack-nbits.js';
import { writeOnnxFolder } from './write-onnx-folder.js';

const PROMPT = [1, 200, 17, 256, 3, 9, 101, 44];
const model = randomModel();
let dir: string;
let exported: string;
beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), 'forge-onnx-'));
  exported = join(dir, 'model');
  await writeOnnxFolder(exported, model, { encodings: ['fp32', 'q4', 'q2'] });
});
afterAll(() => rm(dir, { recursive: true, force: true }));

/** Runs a file as transformers.js does: every input by its name, all positions at once. */
async function plainRun(path: string, { config }: Model, ids: readonly number[]) {
  const session = await Session.create(path, { threads: 1 });
  const int64 = (values: readonly number[]) => ({
    dtype: 'int64' as const,
    shape: [1, values.length],
    data: BigInt64Array.from(values, BigInt),
  });
  const empty = {
    dtype: 'float32' as const,
    shape: [1, config.numKvHeads, 0, config.headDim],
    data: new Float32Array(),
  };
  const outputs = await session.run({
    input_ids: int64(ids),
    attention_mask: int64(ids.map(() => 1)),
    position_ids: int64(ids.map((_, i) => i)),
    ...Object.fromEntries(cacheNames(PAST, config.numLayers).map((name) => [name, empty])),
  });
  await session.release();
  return outputs;
}

async function ours(of: Model, ids: readonly number[]): Promise<Float32Array> {
  return Float32Array.from((await fullLogits(of, ids)).flatMap((row) => [...row]));
}

/** Logits with ternary weights and activations that nobody rounds. */
async function withoutRounding(of: Model, ids: readonly number[]): Promise<Float32Array> {
  const { ternary: _, ...config } = freezeTernary(of).config;
  return ours({ ...freezeTernary(of), config }, ids);
}

async function greedy(decoder: TokenModel, prompts: readonly (readonly number[])[]): Promise<number[][]> {
  const out: number[][] = prompts.map(() => []);
  const options = { maxTokens: 12, temperature: 0, stopTokens: [] };
  for await (const token of new TokenGenerator(decoder).generate(prompts, options))
    out[token.prompt]!.push(token.tokenId);
  return out;
}

describe('the file itself', () => {
  test('float32: logits and cache of every position are ours', async () => {
    const outputs = await plainRun(join(exported, onnxFile('fp32')), model, PROMPT);
    expect(outputs['logits']!.shape).toEqual([1, PROMPT.length, 272]);
    expect(logitError(outputs['logits']!.data as Float32Array, await ours(model, PROMPT)).most).toBeLessThan(1e-5);
    expect(outputs['present.0.value']!.shape).toEqual([1, 2, PROMPT.length, 64]);
  });

  test.each<OnnxEncoding>(['q2', 'q4'])(
    '%s: the kernel rounds activations as finely as the model does, in its own way',
    async (encoding) => {
      const { logits } = await plainRun(join(exported, onnxFile(encoding)), model, PROMPT);
      const want = await ours(model, PROMPT);
      const error = logitError(logits!.data as Float32Array, want).nearlyAll;
      expect(error).toBeGreaterThan(0);
      expect(error).toBeLessThan(2 * logitError(await withoutRounding(model, PROMPT), want).nearlyAll);
    },
  );

  test.each(['llama-gqa', 'qwen2-bias-tied', 'llama3-rope-bf16-sharded'] as const)(
    '%s: float32 logits are those of transformers',
    async (name) => {
      const { model: fixture, inputIds, logits } = await readHfFixture(name);
      const path = join(dir, name);
      await writeOnnxFolder(path, fixture);
      const got = await plainRun(join(path, onnxFile('fp32')), fixture, inputIds[0]!);
      (got['logits']!.data as Float32Array).forEach((x, i) => expect(Math.abs(x - logits[i]!)).toBeLessThan(1e-4));
    },
  );

  test('sub-norms, tied head and biases have their place in 2 bits too', async () => {
    const config = { ...SMALL, tieWordEmbeddings: true };
    for (const [i, changed] of [
      addSubNorms(randomModel(config)),
      randomModel({ ...config, architecture: 'qwen2', attentionBias: true }),
    ].entries()) {
      const path = join(dir, `variant-${i}`);
      await writeOnnxFolder(path, changed);
      const { logits } = await plainRun(join(path, onnxFile('q2')), changed, PROMPT);
      const want = await ours(changed, PROMPT);
      const error = logitError(logits!.data as Float32Array, want).nearlyAll;
      expect(error).toBeLessThan(2 * logitError(await withoutRounding(changed, PROMPT), want).nearlyAll);
    }
  });

  test('weights in a file of their own', async () => {
    const path = join(dir, 'external');
    await writeOnnxFolder(path, model, { encodings: ['q2'], maxInlineBytes: 1000 });
    const file = join(path, onnxFile('q2'));
    expect((await stat(`${file}_data`)).size).toBeGreaterThan((await stat(file)).size);
    const hints = JSON.parse(await readFile(join(path, 'config.json'), 'utf8')) as Record<string, unknown>;
    expect(hints['transformers.js_config']).toEqual({
      dtype: 'q2',
      use_external_data_format: { 'model_q2.onnx': true },
    });
    const { logits } = await plainRun(file, model, PROMPT);
    const inline = await plainRun(join(exported, onnxFile('q2')), model, PROMPT);
    expect(logits).toEqual(inline['logits']);
    const decoder = await OnnxDecoder.open(path, 'q2', { threads: 1 });
    const whole = await OnnxDecoder.open(exported, 'q2', { threads: 1 });
    expect(await greedy(decoder, [PROMPT])).toEqual(await greedy(whole, [PROMPT]));
    await Promise.all([decoder.release(), whole.release()]);
  });

  test('two bits for a ternary weight, half precision for embedding and head, and little else', async () => {
    let bytes = 0;
    for (const [name, { data }] of model.weights)
      bytes += isTernary(name) ? data.length / 4 : name.includes('norm') ? data.length * 4 : data.length * 2;
    const { size } = await stat(join(exported, onnxFile('q2')));
    const tables = 2 * SMALL.maxPositionEmbeddings * (SMALL.headDim / 2) * 4;
    expect(size - bytes - tables).toBeGreaterThan(0);
    expect(size - bytes - tables).toBeLessThan(16_000 * SMALL.numLayers);
  });
});

describe('generation from the file', () => {
  test.each<OnnxEncoding>(['fp32', 'q2'])(
    '%s: prompts of several lengths together give what each gives alone',
    async (encoding) => {
      const decoder = await OnnxDecoder.open(exported, encoding, { threads: 1 });
      const prompts = [PROMPT, PROMPT.slice(0, 3), [7]];
      const together = await greedy(decoder, prompts);
      for (const [i, prompt] of prompts.entries()) expect(together[i]).toEqual((await greedy(decoder, [prompt]))[0]);
      await decoder.release();
    },
  );

  test('float32: the tokens that the model itself gives', async () => {
    const decoder = await OnnxDecoder.open(exported, 'fp32', { threads: 1 });
    const generator = await createGenerator(model, { threads: 1 });
    const tokens: number[] = [];
    for await (const { tokenId } of generator.generate([PROMPT], { maxTokens: 12, temperature: 0, stopTokens: [] }))
      tokens.push(tokenId);
    expect(await greedy(decoder, [PROMPT])).toEqual([tokens]);
    await Promise.all([decoder.release(), generator.release()]);
  });
});

describe('codes', () => {
  test('ternary: nothing is lost, rows that do not fill a block included', () => {
    const ternary = quantiseTernary(randomTensor(3, 200), SMALL.ternary!);
    const { codes, scales, shape } = packTernary(ternary);
    expect(shape).toEqual([3, 2, 32]);
    const { data } = dequantise(ternary);
    for (let row = 0; row < 3; row++) {
      for (let i = 0; i < 256; i++) {
        const code = ((codes[row * 64 + (i >> 2)]! >> (2 * (i & 3))) & 3) - 2;
        expect(code * scales[0]! + 0).toBe(i < 200 ? data[row * 200 + i]! + 0 : 0);
      }
    }
  });

  test('4 bits: no value moves by more than half a step, but for the one side that has no code for it', () => {
    const tensor = randomTensor(4, 64);
    const { codes, scales } = packInt4(tensor);
    tensor.data.forEach((value, i) => {
      const scale = scales[i >> 5]!;
      const back = (((codes[i >> 1]! >> (4 * (i & 1))) & 15) - 8) * scale;
      const clipped = value / scale > 7;
      expect(Math.abs(back - value)).toBeLessThanOrEqual((clipped ? 1 : 0.5 + 1e-6) * Math.abs(scale));
    });
    expect(packInt4({ shape: [1, 32], data: new Float32Array(32) }).scales[0]! + 0).toBe(0);
  });
});

describe('what cannot be', () => {
  test('two bits of a model without the mark', async () => {
    const { ternary: _, ...config } = SMALL;
    const work = writeOnnxFolder(join(dir, 'no'), randomModel(config), { encodings: ['q2'] });
    await expect(work).rejects.toMatchObject({ code: 'INVALID_ARGUMENT', message: expect.stringContaining('mark') });
  });

  test.each([
    ['FILE_NOT_FOUND', null],
    ['GRAPH_INVALID', Buffer.from('not a model')],
    ['GRAPH_INVALID', Buffer.alloc(0)],
  ])('a folder whose file is missing or no model: %s', async (code, bytes) => {
    const path = await mkdtemp(join(dir, 'bad-'));
    await mkdir(join(path, 'onnx'));
    await writeConfigJson(join(path, 'config.json'), JSON.parse(await readFile(join(exported, 'config.json'), 'utf8')));
    if (bytes) await writeFile(join(path, onnxFile('q2')), bytes);
    await expect(OnnxDecoder.open(path, 'q2')).rejects.toMatchObject({ code });
  });
});
