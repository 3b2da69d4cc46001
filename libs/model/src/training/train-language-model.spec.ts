import { createHash } from 'node:crypto';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import type { Model } from '../weights.js';
import type { BatchSource, TokenBatch } from './batch.js';
import { readCheckpoint, writeCheckpoint } from './checkpoint.js';
import { initWeights } from './init.js';
import { affineSource, tinyConfig } from './testing.js';
import { type TrainOptions, type TrainState, trainLanguageModel } from './train-language-model.js';

const config = tinyConfig();
const model: Model = { config, weights: initWeights(config, 1), tokenizer: null };
const source = affineSource({ vocab: 40, rows: 4, length: 16, seed: 1, masked: true });

let dir: string;
beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), 'forge-train-'));
});
afterAll(() => rm(dir, { recursive: true, force: true }));

/** Trains and returns the digest of the checkpoint of the last step: weights and optimiser state. */
async function digestOf(options: Partial<TrainOptions>): Promise<string> {
  const result = await trainLanguageModel({ model, source, ...options });
  const path = join(dir, 'digest.safetensors');
  await writeCheckpoint(
    path,
    { step: result.steps, steps: result.steps, weights: result.model.weights, optimizer: new Map() },
    {},
  );
  return createHash('sha256')
    .update(await readFile(path))
    .digest('hex');
}

/** Trains until step `at`, then stops, and returns the state at which it stopped. */
async function interrupt(steps: number, at: number, optimizer: TrainOptions['optimizer']): Promise<TrainState> {
  const stop = new AbortController();
  const saved: TrainState[] = [];
  const run = trainLanguageModel({
    model,
    source,
    steps,
    ...(optimizer ? { optimizer } : {}),
    signal: stop.signal,
    onProgress: ({ step }) => step >= at && stop.abort(),
    onCheckpoint: (state) => void saved.push(state),
  });
  await expect(run).rejects.toMatchObject({ code: 'CANCELLED' });
  return saved.at(-1)!;
}

describe('trainLanguageModel', () => {
  test('can also be stopped while it measures how long a step takes', async () => {
    const options = { model, source, maxSeconds: 3_600, signal: AbortSignal.abort() };
    await expect(trainLanguageModel(options)).rejects.toMatchObject({
      code: 'CANCELLED',
      message: expect.stringContaining('before its first step'),
    });
  });

  test('starts at a loss within 2 % of ln(vocabulary)', async () => {
    const { losses } = await trainLanguageModel({ model, source, steps: 1 });
    expect(Math.abs(losses[0]! / Math.log(config.vocabSize) - 1)).toBeLessThan(0.02);
  });

  test.each(['adamw', 'muon', 'sgd'] as const)('overfits one batch with %s', async (name) => {
    const one: BatchSource = { ...source, batch: () => source.batch(0) };
    const optimizer = {
      name,
      schedule: 'constant',
      weightDecay: 0,
      ...(name === 'sgd' ? { learningRate: 0.3 } : {}),
    } as const;
    const { losses } = await trainLanguageModel({ model, source: one, steps: name === 'sgd' ? 600 : 200, optimizer });
    expect(losses.at(-1)).toBeLessThan(0.01);
  });

  test.each([
    { name: 'adamw' },
    { name: 'muon', filter: 'grokfast-ema' },
    { name: 'sgd', filter: 'grokfast-ma', filterWindow: 4 },
  ] as const)('stops, saves, loads and goes on with exactly the same bytes: %j', async (optimizer) => {
    const whole = await digestOf({ steps: 20, optimizer });
    const state = await interrupt(20, 7, optimizer);
    expect(state.step).toBeGreaterThanOrEqual(7);
    expect(state.step).toBeLessThan(20);
    const path = join(dir, 'resume.safetensors');
    await writeCheckpoint(path, state, { note: 'kept' });
    const read = await readCheckpoint<{ note: string }>(path);
    expect(read.settings).toEqual({ note: 'kept' });
    expect(await digestOf({ resume: read.state, optimizer })).toBe(whole);
    expect(await digestOf({ steps: 20, optimizer: { ...optimizer, learningRate: 1e-4 } })).not.toBe(whole);
  });

  // Large enough that onnxruntime shares every product, sum and scattering out among its threads.
  test.each(['adamw', 'muon'] as const)('gives the same bytes on any number of threads, with %s', async (name) => {
    const sizes = { vocab_size: 272, hidden_size: 256, intermediate_size: 512 };
    const wide = tinyConfig(sizes);
    const many = affineSource({ vocab: 40, rows: 24, length: 64, seed: 1, masked: true });
    const options = { model: { config: wide, weights: initWeights(wide, 1), tokenizer: null }, source: many };
    const digests = new Set<string>();
    for (const threads of [1, 2, 2, 3])
      digests.add(await digestOf({ ...options, steps: 3, optimizer: { name }, threads }));
    expect(digests.size).toBe(1);
  });

  test('accumulates micro-batches to the token-weighted mean of one large batch, whatever their masks', async () => {
    const large: BatchSource = { ...source, rows: 8, batch: (k) => both(source.batch(2 * k), source.batch(2 * k + 1)) };
    const run = (s: BatchSource, accumulation: number) =>
      trainLanguageModel({ model, source: s, steps: 4, accumulation, optimizer: { name: 'sgd', learningRate: 0.1 } });
    const [a, b] = [await run(large, 1), await run(source, 2)];
    let worst = 0;
    for (const [name, { data }] of a.model.weights)
      data.forEach((x, i) => (worst = Math.max(worst, Math.abs(x - b.model.weights.get(name)!.data[i]!))));
    expect(worst).toBeLessThan(1e-6);
    b.losses.forEach((loss, i) => expect(loss).toBeCloseTo(a.losses[i]!, 5));
  });

  test('turns a time budget into a step count once, and a resumed training keeps it', async () => {
    const first = await trainLanguageModel({ model, source, maxSeconds: 1.5 });
    expect(first.steps).toBeGreaterThan(10);
    expect(first.losses).toHaveLength(first.steps);
    // Measuring leaves no trace: the same number of steps gives the same bytes.
    expect(await digestOf({ steps: first.steps })).toBe(
      await digestOf({ resume: { step: 0, steps: first.steps, weights: model.weights, optimizer: zeros(model) } }),
    );
  });

  test('refuses parameters out of range and reports divergence', async () => {
    await expect(trainLanguageModel({ model, source, steps: 0 })).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' });
    await expect(trainLanguageModel({ model, source })).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' });
    await expect(
      trainLanguageModel({ model, source, steps: 2, optimizer: { learningRate: -1 } }),
    ).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' });
    const wild = { name: 'sgd', learningRate: 1e30, clipNorm: 0, schedule: 'constant', warmup: 0 } as const;
    await expect(trainLanguageModel({ model, source, steps: 20, optimizer: wild })).rejects.toMatchObject({
      code: 'DIVERGED',
    });
  });
});

function zeros({ weights }: Model): Map<string, Float32Array> {
  return new Map(
    [...weights].flatMap(([name, { data }]) =>
      ['m', 'v'].map((slot) => [`${name}@${slot}`, new Float32Array(data.length)] as const),
    ),
  );
}

/** Two batches as one with twice the rows. */
function both(a: TokenBatch, b: TokenBatch): TokenBatch {
  const ids = (field: 'inputIds' | 'targets' | 'positionIds' | 'segmentIds') => Int32Array.of(...a[field], ...b[field]);
  return {
    inputIds: ids('inputIds'),
    targets: ids('targets'),
    positionIds: ids('positionIds'),
    segmentIds: ids('segmentIds'),
    lossMask: Float32Array.of(...a.lossMask, ...b.lossMask),
  };
}
