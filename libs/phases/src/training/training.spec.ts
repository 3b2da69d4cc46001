import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import type { ArtifactName } from '@agent-forge/contracts';
import { resolveParams } from '../phase.js';
import { tinyModel } from '../testing/tiny-model.js';
import { Workshop, type Done } from '../testing/workshop.js';
import { phase as training } from './index.js';

const FAMILIES = { up: 1, next: 1 };
/** Trains in a second and learns little. */
const SMALL = { rows: 4, steps: 40, itemsPerFamily: 20, learningRate: 0.01 };
const ARMS = ['plain', 'weight-decay', 'grokfast'];

let workshop: Workshop;
let inputs: readonly ArtifactName[];
let done: Done;
beforeAll(async () => {
  workshop = await Workshop.open(FAMILIES);
  inputs = [await workshop.import('bitnet', tinyModel(1, { hidden_size: 32 }))];
  done = await workshop.run(training, { params: { ...SMALL, arms: ARMS }, inputs });
});
afterAll(() => workshop?.close());

describe('training', () => {
  test('trains every arm from the input and measures all of them on the same items', async () => {
    const { artifacts, metrics } = done.outcome;
    const { rows, comparisons, verdicts, figures } = await workshop.report(done.outcome);
    expect(rows.map(({ name }) => name)).toEqual(['input', ...ARMS]);
    expect(rows[0]!.artifactId).toBe(inputs[0]!.id);
    expect(comparisons.map(({ name }) => name)).toEqual([
      'plain − input',
      'weight-decay − input',
      'grokfast − input',
      'weight-decay − plain',
      'grokfast − plain',
    ]);
    for (const { families } of rows) for (const { items } of Object.values(families!)) expect(items).toBe(20);
    expect(verdicts).toHaveLength(1 + comparisons.length);
    const [trained, ...others] = artifacts;
    expect(trained).toMatchObject({ role: 'trained', kind: 'model' });
    const winner = rows.find(({ artifactId }) => artifactId === trained!.id)!;
    expect(others.map(({ role }) => role)).toEqual([
      ...ARMS.filter((arm) => arm !== winner.name).map((arm) => `arm-${arm}`),
      'report',
    ]);
    expect(metrics).toMatchObject({ beforeLoss: rows[0]!.loss, afterLoss: winner.loss });
    expect(figures['lossReduction']).toBeCloseTo(1 - winner.loss! / rows[0]!.loss!, 10);
    expect(figures['lossReduction']).toBeGreaterThan(0.1);
    expect(training.gate(done.outcome, resolveParams(training, {}))).toEqual([]);
  });

  test('gives all arms the same steps, and nothing but what their name says is different', async () => {
    const ids = (await workshop.report(done.outcome)).rows.slice(1).map(({ artifactId }) => artifactId!);
    const manifests = await Promise.all(ids.map((id) => workshop.artifacts.manifest(id)));
    const [plain, decay, grokfast] = manifests.map(({ lineage }) => {
      expect(lineage).toMatchObject({ parents: [inputs[0]!.id], phase: 'training', seed: 1 });
      const { role: _, optimizer, ...rest } = lineage.params as { role: string; optimizer: object };
      expect(rest).toMatchObject({ steps: 40, stream: 'arms' });
      return { optimizer, rest };
    });
    expect([decay!.rest, grokfast!.rest]).toEqual([plain!.rest, plain!.rest]);
    expect(decay!.optimizer).toEqual({ ...plain!.optimizer, weightDecay: 0.1 });
    expect(grokfast!.optimizer).toEqual({ ...plain!.optimizer, filter: 'grokfast-ema', filterAlpha: 0.98 });
  });

  test('says how far it is, and never goes back', () => {
    const fractions = done.progress.map(({ fraction }) => fraction);
    expect(fractions.at(-1)).toBeCloseTo(1, 10);
    expect(fractions).toEqual([...fractions].sort((a, b) => a - b));
    expect(new Set(done.progress.map(({ stage }) => stage))).toEqual(
      new Set([...ARMS.map((arm) => `train ${arm}`), 'measure']),
    );
  });

  test('gives the same artifacts for the same seed, and others for another', async () => {
    const params = { ...SMALL, arms: ['plain'] };
    const [one, same, other] = [
      await workshop.run(training, { params, inputs }),
      await workshop.run(training, { params, inputs }),
      await workshop.run(training, { params, inputs, seed: 2 }),
    ];
    expect(same.outcome).toEqual(one.outcome);
    expect(other.outcome.artifacts[0]!.id).not.toBe(one.outcome.artifacts[0]!.id);
  });

  test('turns a time into steps by a measured rate', async () => {
    const { steps: _, ...timed } = SMALL;
    const params = { ...timed, maxSeconds: 1, arms: ['plain'] };
    const { outcome } = await workshop.run(training, { params, inputs });
    const { lineage } = await workshop.artifacts.manifest(outcome.artifacts[0]!.id);
    expect(lineage.params['steps']).toBeGreaterThan(1);
  });

  test('works on text alone, in bits per byte', async () => {
    const text = Array.from({ length: 4000 }, (_, i) => `Line ${i} says that ${i} and ${i + 1} are neighbours.\n\n`);
    const data = [await workshop.dataSet('lines', text.join(''))];
    const { outcome } = await workshop.run(training, {
      params: { ...SMALL, arms: ['plain'] },
      inputs,
      data,
      families: {},
    });
    const { beforeBitsPerByte, afterBitsPerByte, regression } = outcome.metrics;
    expect(afterBitsPerByte).toBeLessThan(beforeBitsPerByte!);
    expect(regression).toBeCloseTo(afterBitsPerByte! - beforeBitsPerByte!, 10);
  });
});

describe('when no arm is better than the input', () => {
  /** At this rate weights are thrown far away. */
  const params = { ...SMALL, arms: ['plain'], optimizer: 'adamw', learningRate: 1, maxRollbacks: 0, steps: 3 };

  test('the input goes on, and says so', async () => {
    const { outcome } = await workshop.run(training, { params, inputs });
    expect(outcome.artifacts.map(({ role }) => role)).toEqual(['trained', 'arm-plain', 'report']);
    expect(outcome.artifacts[0]!.id).toBe(inputs[0]!.id);
    expect(outcome.degraded).toMatch(/no arm is better than the input on the select part/);
    expect(outcome.metrics).toMatchObject({ regression: 0, lossReduction: 0 });
    const { verdicts } = await workshop.report(outcome);
    expect(verdicts[0]).toMatch(/the input goes on/);
  });

  test('the best arm goes on all the same, where the recipe says so', async () => {
    const { outcome } = await workshop.run(training, { params: { ...params, whenNoGain: 'arm' }, inputs });
    expect(outcome.artifacts[0]!.id).not.toBe(inputs[0]!.id);
    expect(outcome.degraded).toBeUndefined();
    const strict = resolveParams(training, { minLossReduction: 0.1 });
    expect(training.gate(outcome, strict).join()).toMatch(/the loss fell by -.*, less than minLossReduction 0.1/);
  });

  test('the phase fails, where the recipe says so', async () => {
    const refused = workshop.run(training, { params: { ...params, whenNoGain: 'fail' }, inputs });
    await expect(refused).rejects.toMatchObject({ code: 'GATE_FAILED' });
  });
});

describe('before any work training refuses', () => {
  test.each([
    [
      { arms: ['grokfast'], grokfastFilter: 'ma' },
      /grokfastWindow of training is 100; in 40 steps it would never be full/,
    ],
    [{ rowLength: 128 }, /rowLength of training is 128, more than the 64 positions of the model/],
    [{ arms: ['plain', 'plain'] }, /arms of training/],
    [{ arms: ['plain', 'shuffled'] }, /arms of training has shuffled, the control of an order, and there is none/],
    [{ edgeOfChaos: true, curriculum: 'loss' }, /edgeOfChaos of training is true beside curriculum loss/],
    [{ minSuccess: 0.8 }, /minSuccess of training is 0.8, not below maxSuccess 0.75/],
    [{ arms: ['dream'], dreamEvery: 60 }, /dreamEvery of training is 60; in 40 steps there would be no dream/],
    [{ dreamSteps: 30 }, /dreamSteps of training is 30, more than the 20 steps of dreamEvery/],
    [{ selfModelLayers: [1, 3] }, /selfModelLayers of training has 3, and the model has 2 layers/],
  ])('%j', async (params, message) => {
    const refused = workshop.run(training, { params: { ...SMALL, ...params }, inputs });
    await expect(refused).rejects.toMatchObject({ code: 'INVALID_ARGUMENT', message: expect.stringMatching(message) });
  });
});
