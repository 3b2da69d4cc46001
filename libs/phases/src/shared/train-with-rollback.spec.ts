import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { FsArtifactStore } from '@agent-forge/artifacts-fs';
import { byteTokenizer, initWeights, parseConfig, type Model } from '@agent-forge/model';
import type { Checkpoint } from '../task.js';
import { SpikeDetector } from './divergence.js';
import { mixtureSource } from './mixture.js';
import { trainWithRollback, type RecoverableTraining } from './train-with-rollback.js';

const tokenizer = byteTokenizer();
const config = parseConfig({
  model_type: 'llama',
  vocab_size: tokenizer.vocabSize,
  hidden_size: 32,
  intermediate_size: 64,
  num_hidden_layers: 1,
  num_attention_heads: 2,
  max_position_embeddings: 64,
  tie_word_embeddings: true,
  bos_token_id: tokenizer.bosId,
  eos_token_id: tokenizer.eosId,
  pad_token_id: tokenizer.padId,
});
const model: Model = { config, weights: initWeights(config, 1), tokenizer };
const source = mixtureSource({ families: { up: 1, next: 1 }, texts: [], textShare: 0 }, model, {
  rows: 4,
  length: 64,
  seed: 1,
});
const lineage = { parents: [], data: [], phase: 'cognate', params: {}, seed: 1, codeVersion: 'test', metrics: {} };
const training = (more: Partial<RecoverableTraining>): RecoverableTraining => ({
  model,
  source,
  steps: 60,
  optimizer: { name: 'adamw' },
  maxRollbacks: 0,
  lineage,
  ...more,
});

let dir: string;
let artifacts: FsArtifactStore;
beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), 'agent-forge-rollback-'));
  artifacts = await FsArtifactStore.open(join(dir, 'artifacts'));
});
afterAll(() => rm(dir, { recursive: true, force: true }));

/** A host that keeps the last checkpoint; its signal is aborted once `stopAt` steps are done. */
async function hostOf(stopAt = Infinity, checkpoint?: Checkpoint) {
  const aborter = new AbortController();
  const saved: Checkpoint[] = [];
  return {
    saved,
    artifacts,
    workDir: await mkdtemp(join(dir, 'work-')),
    threads: 1,
    signal: aborter.signal,
    checkpoint,
    saveCheckpoint: async (each: Checkpoint) => void saved.push(each),
    report: ({ step = 0 }: { step?: number }) => {
      if (step >= stopAt) aborter.abort();
    },
  };
}

describe('a training', () => {
  test('that is stopped, twice, ends with the very weights of one that never was', async () => {
    const whole = await trainWithRollback(training({}), await hostOf());
    let checkpoint: Checkpoint | undefined;
    const steps: unknown[] = [];
    for (const stopAt of [1, 30]) {
      const host = await hostOf(stopAt, checkpoint);
      await expect(trainWithRollback(training({}), host)).rejects.toMatchObject({ code: 'CANCELLED' });
      checkpoint = host.saved.at(-1);
      steps.push((checkpoint!.state as { step: number }).step);
    }
    expect(steps[0]).toBeGreaterThan(0);
    expect(steps[1]).toBeGreaterThan(steps[0] as number);
    expect(steps[1]).toBeLessThan(60);
    const resumed = await trainWithRollback(training({}), await hostOf(Infinity, checkpoint));
    expect(resumed.model.weights).toEqual(whole.model.weights);
  });

  test('that diverges goes back and on with half the rate until it does not', async () => {
    // Plain gradient descent without clipping: at this rate the loss is no number after a few steps.
    const wild = { optimizer: { name: 'sgd', learningRate: 400, clipNorm: 0 } } as const;
    const {
      rollbacks,
      finalLoss,
      model: trained,
    } = await trainWithRollback(training({ ...wild, maxRollbacks: 20 }), await hostOf());
    expect(rollbacks.length).toBeGreaterThan(0);
    rollbacks.forEach(({ reason, toStep, rate }, i) => {
      expect(reason).toMatch(/diverged|the loss went/);
      expect([toStep, rate]).toEqual([0, 0.5 ** (i + 1)]);
    });
    expect(finalLoss).toBeLessThan(Math.log(272));
    for (const { data } of trained.weights.values()) expect(data.every(Number.isFinite)).toBe(true);
    await expect(trainWithRollback(training({ ...wild, maxRollbacks: 1 }), await hostOf())).rejects.toMatchObject({
      code: 'DIVERGED',
      message: expect.stringContaining('rolled back 1 times before'),
    });
  });
});

describe('the detector of spikes', () => {
  const observe = (losses: number[]) => {
    const detector = new SpikeDetector();
    losses.forEach((loss, step) => detector.observe(loss, step));
  };

  test('lets losses fall, wander and start high', () => {
    expect(() => observe([5, 9, 4, 3, 2, 2.4, 1.9, 1.2, 1.6, 0.5, 0.7, 0.3, 0.05, 0.2])).not.toThrow();
  });

  test('lets the loss of other batches be another', () => {
    const detector = new SpikeDetector();
    for (const loss of [3, 2, 1.5, 1.2, 1.1]) detector.observe(loss, 0);
    detector.forget();
    expect(() => detector.observe(4, 5)).not.toThrow();
    expect(() => detector.observe(Number.NaN, 6)).toThrow(expect.objectContaining({ code: 'DIVERGED' }));
  });

  test.each([
    ['a jump', [3, 2, 1.5, 1.2, 1.1, 1, 4]],
    ['what is no number', [3, Number.NaN]],
    ['infinity', [Infinity]],
  ])('refuses %s', (_, losses) => {
    expect(() => observe(losses)).toThrow(expect.objectContaining({ code: 'DIVERGED' }));
  });
});
