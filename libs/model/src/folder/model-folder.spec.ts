import { spawnSync } from 'node:child_process';
import { cp, mkdir, mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { SafetensorsFile } from '../safetensors/safetensors-file.js';
import { writeSafetensors } from '../safetensors/write-safetensors.js';
import { byteTokenizer } from '../tokenizer/byte-tokenizer.js';
import { expectedShapes, type Model, type Weights } from '../weights.js';
import { openModelFolder, readModelFolder } from './read-model-folder.js';
import { writeModelFolder } from './write-model-folder.js';

const KILL_PROBE = fileURLToPath(new URL('./kill-probe.js', import.meta.url));
const HF = fileURLToPath(new URL('../../fixtures/hf', import.meta.url));
const FOLDERS = [
  'llama-gqa',
  'llama-mha-f16',
  'llama-rope-linear',
  'llama-v5-config',
  'llama3-rope-bf16-sharded',
  'qwen2-bias-tied',
];
const EMBEDDING = 'model.embed_tokens.weight';

let dir: string;
let target: string;
beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'forge-folder-'));
  target = join(dir, 'model');
});
afterEach(() => rm(dir, { recursive: true, force: true }));

async function withByteTokenizer(): Promise<Model> {
  const { config } = await readModelFolder(join(HF, 'llama-rope-linear'));
  const grown = { ...config, vocabSize: 272 };
  const weights: Weights = new Map(
    [...expectedShapes(grown)].map(([name, shape]) => {
      return [
        name,
        { shape, data: Float32Array.from({ length: shape.reduce((a, b) => a * b, 1) }, (_, i) => 1 + (i % 7)) },
      ];
    }),
  );
  return { config: grown, weights, tokenizer: byteTokenizer() };
}

const refusal = (work: Promise<unknown>): Promise<{ code: string; message: string }> =>
  work.then(
    () => {
      throw new Error('it was accepted');
    },
    (error: unknown) => error as { code: string; message: string },
  );

describe('reading', () => {
  test.each(FOLDERS)('%s: every tensor of its configuration, in its shape', async (name) => {
    const { config, weights, tokenizer } = await readModelFolder(join(HF, name));
    expect(new Map([...weights].map(([key, { shape }]) => [key, shape]))).toEqual(expectedShapes(config));
    expect(tokenizer).toBeNull();
    const folder = await openModelFolder(join(HF, name));
    expect([...folder.shapes.keys()].sort()).toEqual([...weights.keys()].sort());
    expect((await folder.read(EMBEDDING)).data).toEqual(weights.get(EMBEDDING)!.data);
  });

  test('a missing folder, a file, a folder without config.json or without weights', async () => {
    expect(await refusal(openModelFolder(target))).toMatchObject({ code: 'FILE_NOT_FOUND' });
    expect(await refusal(openModelFolder(join(HF, 'llama-gqa', 'config.json')))).toMatchObject({ code: 'NOT_A_MODEL' });
    await mkdir(target);
    const none = await refusal(openModelFolder(target));
    expect(none.code).toBe('NOT_A_MODEL');
    expect(none.message).toContain('config.json');
    await cp(join(HF, 'llama-gqa', 'config.json'), join(target, 'config.json'));
    expect((await refusal(openModelFolder(target))).message).toContain('model.safetensors');
    await writeFile(join(target, 'config.json'), '{"model_type":');
    expect(await refusal(openModelFolder(target))).toMatchObject({ code: 'NOT_A_MODEL' });
  });

  test('rotary frequencies of old checkpoints are ignored, other surplus tensors are not', async () => {
    const { weights } = await readModelFolder(join(HF, 'llama-gqa'));
    await mkdir(target);
    await cp(join(HF, 'llama-gqa', 'config.json'), join(target, 'config.json'));
    const frequencies = { shape: [6], data: Float32Array.of(1, 2, 3, 4, 5, 6) };
    await writeSafetensors(
      join(target, 'model.safetensors'),
      new Map([...weights, ['model.layers.0.self_attn.rotary_emb.inv_freq', frequencies]]),
    );
    expect((await readModelFolder(target)).weights.size).toBe(weights.size);
    await writeSafetensors(
      join(target, 'model.safetensors'),
      new Map([...weights, ['model.layers.0.self_attn.q_proj.bias', frequencies]]),
    );
    expect((await refusal(readModelFolder(target))).message).toContain('q_proj.bias');
  });

  test('a tied head that is stored is left out where it equals the embedding, and refused where not', async () => {
    const { weights } = await readModelFolder(join(HF, 'llama-rope-linear'));
    await mkdir(target);
    await cp(join(HF, 'llama-rope-linear', 'config.json'), join(target, 'config.json'));
    const { shape, data } = weights.get(EMBEDDING)!;
    const head = { shape, data: data.slice() };
    await writeSafetensors(join(target, 'model.safetensors'), new Map([...weights, ['lm_head.weight', head]]));
    expect((await readModelFolder(target)).weights.has('lm_head.weight')).toBe(false);
    head.data[3]! += 1;
    await writeSafetensors(join(target, 'model.safetensors'), new Map([...weights, ['lm_head.weight', head]]));
    const error = await refusal(readModelFolder(target));
    expect(error.code).toBe('AUDIT_FAILED');
    expect(error.message).toContain('tie_word_embeddings');
  });

  test('NaN weights are refused by tensor and index, unless somebody wants to look at them', async () => {
    const { weights } = await readModelFolder(join(HF, 'llama-gqa'));
    weights.get('model.norm.weight')!.data[11] = Number.NaN;
    await mkdir(target);
    await cp(join(HF, 'llama-gqa', 'config.json'), join(target, 'config.json'));
    await writeSafetensors(join(target, 'model.safetensors'), weights);
    const error = await refusal(readModelFolder(target));
    expect(error.code).toBe('AUDIT_FAILED');
    expect(error.message).toMatch(/model\.norm\.weight is NaN at index 11/);
    expect(
      (await readModelFolder(target, { auditValues: false })).weights.get('model.norm.weight')!.data[11],
    ).toBeNaN();
  });

  test('a tokenizer that does not fit, and weights of a type that are none', async () => {
    await cp(join(HF, 'llama-gqa'), target, { recursive: true });
    await writeFile(join(target, 'tokenizer.json'), JSON.stringify(byteTokenizer().files()[0]!.json));
    expect((await refusal(openModelFolder(target))).message).toMatch(/160 rows .* 272 tokens/);
    await rm(join(target, 'tokenizer.json'));
    const bytes = await readFile(join(target, 'model.safetensors'));
    const changed = bytes.toString('latin1').replaceAll('"F32"', '"I32"');
    await writeFile(join(target, 'model.safetensors'), Buffer.from(changed, 'latin1'));
    expect(await refusal(openModelFolder(target))).toMatchObject({ code: 'UNSUPPORTED_FORMAT' });
  });

  test('the end tokens of generation_config.json count too', async () => {
    await cp(join(HF, 'llama-gqa'), target, { recursive: true });
    await writeFile(join(target, 'generation_config.json'), '{"eos_token_id":[2,9]}');
    expect((await openModelFolder(target)).config.eosTokenId).toEqual([2, 9]);
    await writeFile(join(target, 'generation_config.json'), '{"eos_token_id":[2,9000]}');
    expect(await refusal(openModelFolder(target))).toMatchObject({ code: 'NOT_A_MODEL' });
  });
});

describe('writing', () => {
  test.each(FOLDERS)('%s comes back as it was, in any dtype that holds it', async (name) => {
    const model = await readModelFolder(join(HF, name));
    await writeModelFolder(target, model);
    expect(await readModelFolder(target)).toEqual(model);
    if (name === 'llama3-rope-bf16-sharded') {
      await writeModelFolder(join(dir, 'narrow'), model, { dtype: 'BF16' });
      expect(await readModelFolder(join(dir, 'narrow'))).toEqual(model);
    }
  });

  test('the whole folder: configuration, weights, tokenizer; equal models give equal bytes', async () => {
    const model = await withByteTokenizer();
    await writeModelFolder(target, model);
    expect((await readdir(target)).sort()).toEqual([
      'config.json',
      'generation_config.json',
      'model.safetensors',
      'tokenizer.json',
      'tokenizer_config.json',
    ]);
    const again = await readModelFolder(target);
    expect(again.tokenizer!.encode('grün<eos>')).toEqual(model.tokenizer!.encode('grün<eos>'));
    await writeModelFolder(join(dir, 'second'), again);
    for (const file of await readdir(target))
      expect(await readFile(join(dir, 'second', file))).toEqual(await readFile(join(target, file)));
    // transformers warns about whole numbers where it wants floats.
    expect(await readFile(join(target, 'config.json'), 'utf8')).toMatch(/"rope_theta": 10000\.0,?\n/);
  });

  test('shards of at most so many bytes, with an index that lists each tensor once', async () => {
    const model = await readModelFolder(join(HF, 'llama-gqa'));
    await writeModelFolder(target, model, { maxShardBytes: 40_000 });
    const files = (await readdir(target)).filter((file) => file.endsWith('.safetensors')).sort();
    expect(files.length).toBeGreaterThan(3);
    expect(files[0]).toBe(`model-00001-of-0000${files.length}.safetensors`);
    for (const file of files) {
      const { tensors } = await SafetensorsFile.open(join(target, file));
      const sizes = [...tensors.values()].map(({ sizeBytes }) => sizeBytes);
      expect(sizes.length === 1 || sizes.reduce((a, b) => a + b) <= 40_000).toBe(true);
    }
    const index = JSON.parse(await readFile(join(target, 'model.safetensors.index.json'), 'utf8')) as {
      metadata: { total_size: number };
    };
    expect(index.metadata.total_size).toBe(
      [...model.weights.values()].reduce((sum, { data }) => sum + 4 * data.length, 0),
    );
    expect(await readModelFolder(target)).toEqual(model);
  });

  test('weights that are read one by one while writing', async () => {
    const folder = await openModelFolder(join(HF, 'qwen2-bias-tied'));
    await writeModelFolder(target, { ...folder, weights: folder });
    expect((await readModelFolder(target)).weights).toEqual(
      (await readModelFolder(join(HF, 'qwen2-bias-tied'))).weights,
    );
  });

  test('other settings of an imported config.json are kept, floats as floats', async () => {
    await writeModelFolder(target, await readModelFolder(join(HF, 'llama-gqa')));
    const text = await readFile(join(target, 'config.json'), 'utf8');
    expect(text).toMatch(/"attention_dropout": 0\.0,\n/);
    expect(text).toMatch(/"pretraining_tp": 1,\n/);
  });

  test('a tied head that equals the embedding is left out', async () => {
    const model = await withByteTokenizer();
    const { shape, data } = model.weights.get(EMBEDDING)!;
    await writeModelFolder(target, {
      ...model,
      weights: new Map([...model.weights, ['lm_head.weight', { shape, data }]]),
    });
    expect((await SafetensorsFile.open(join(target, 'model.safetensors'))).tensors.has('lm_head.weight')).toBe(false);
  });

  test('a type for each tensor, texts beside the JSON files, and zeros where they are wanted', async () => {
    const model = await readModelFolder(join(HF, 'llama-gqa'));
    const norm = model.weights.get('model.norm.weight')!;
    norm.data.fill(0);
    const options = {
      dtype: (name: string) => (name === 'model.norm.weight' ? 'F32' : 'BF16') as 'F32' | 'BF16',
      extraFiles: { 'README.md': '# a model\n', 'made.json': { from: 'nothing' } },
    };
    expect(await refusal(writeModelFolder(target, model, options))).toMatchObject({ code: 'AUDIT_FAILED' });
    await writeModelFolder(target, model, { ...options, allowZeroTensors: true });
    const { tensors } = await SafetensorsFile.open(join(target, 'model.safetensors'));
    expect([tensors.get('model.norm.weight')!.dtype, tensors.get(EMBEDDING)!.dtype]).toEqual(['F32', 'BF16']);
    expect(await readFile(join(target, 'README.md'), 'utf8')).toBe('# a model\n');
    expect(JSON.parse(await readFile(join(target, 'made.json'), 'utf8'))).toEqual({ from: 'nothing' });
    expect(JSON.parse(await readFile(join(target, 'config.json'), 'utf8'))).toMatchObject({ dtype: 'bfloat16' });
  });

  test('whoever gives the weights is told which come next', async () => {
    const folder = await openModelFolder(join(HF, 'llama-gqa'));
    const asked: string[] = [];
    const announced: string[] = [];
    const read = (name: string, ahead: readonly string[] = []) => {
      asked.push(name);
      if (ahead.length > 0) announced.push(ahead[0]!);
      return folder.read(name);
    };
    await writeModelFolder(target, { ...folder, weights: { shapes: folder.shapes, read } });
    expect(announced).toEqual(asked.slice(1));
  });

  test('an existing folder is refused unless it is empty, and stays as it is', async () => {
    const model = await withByteTokenizer();
    await mkdir(target);
    await writeModelFolder(target, model);
    const before = (await stat(join(target, 'model.safetensors'))).mtimeMs;
    expect(await refusal(writeModelFolder(target, model))).toMatchObject({ code: 'FILE_EXISTS' });
    expect((await stat(join(target, 'model.safetensors'))).mtimeMs).toBe(before);
    await writeFile(join(dir, 'file'), '');
    expect(await refusal(writeModelFolder(join(dir, 'file'), model))).toMatchObject({ code: 'FILE_EXISTS' });
    expect((await readdir(dir)).sort()).toEqual(['file', 'model']);
  });

  test('a name as long as names can be', async () => {
    await writeModelFolder(join(dir, 'x'.repeat(255)), await withByteTokenizer());
    const longer = await refusal(writeModelFolder(join(dir, 'x'.repeat(256)), await withByteTokenizer()));
    expect(longer.code).toBe('INVALID_ARGUMENT');
    expect(await readdir(dir)).toEqual(['x'.repeat(255)]);
  });

  test('a writer that is killed half-way leaves nothing at its place, and the next one is not in its way', async () => {
    const source = join(HF, 'qwen2-bias-tied');
    const killed = spawnSync(process.execPath, [KILL_PROBE, source, target], { encoding: 'utf8' });
    expect(killed.signal).toBe('SIGKILL');
    expect(await refusal(readModelFolder(target))).toMatchObject({ code: 'FILE_NOT_FOUND' });
    // It did begin: what it wrote lies beside, under a hidden name.
    expect(await readdir(dir)).toEqual([expect.stringMatching(/^\.tmp-/)]);
    await writeModelFolder(target, await readModelFolder(source));
    expect(await readModelFolder(target)).toEqual(await readModelFolder(source));
  });

  test('of two writers to one place one wins, whole', async () => {
    const model = await withByteTokenizer();
    const results = await Promise.allSettled([1, 2, 3].map(() => writeModelFolder(target, model)));
    expect(results.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
    expect(await readModelFolder(target)).toMatchObject({ config: model.config });
    expect(await readdir(dir)).toEqual(['model']);
  });

  test.each<[string, (model: Model) => void, string]>([
    ['a NaN', ({ weights }) => void (weights.get(EMBEDDING)!.data[5] = Number.NaN), 'NaN at index 5'],
    [
      'a value too large for the dtype',
      ({ weights }) => void (weights.get(EMBEDDING)!.data[5] = 1e6),
      'too large for F16',
    ],
    ['a missing tensor', ({ weights }) => void weights.delete(EMBEDDING), 'is missing'],
    [
      'a tied head of its own',
      ({ weights }) => {
        const { shape, data } = weights.get(EMBEDDING)!;
        weights.set('lm_head.weight', { shape, data: data.map((value, i) => (i === 9 ? -value : value)) });
      },
      'lm_head.weight differs from model.embed_tokens.weight at index 9',
    ],
  ])('nothing is left of a model with %s', async (_, spoil, reason) => {
    const model = await withByteTokenizer();
    spoil(model);
    const error = await refusal(writeModelFolder(target, model, { dtype: 'F16' }));
    expect(error.code).toBe('AUDIT_FAILED');
    expect(error.message).toContain(reason);
    expect(await readdir(dir)).toEqual([]);
  });
});
