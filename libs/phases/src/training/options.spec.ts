import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import type { ArtifactName } from '@agent-forge/contracts';
import { tinyModel } from '../testing/tiny-model.js';
import { Workshop } from '../testing/workshop.js';
import { phase as training } from './index.js';

let workshop: Workshop;
let inputs: readonly ArtifactName[];
beforeAll(async () => {
  workshop = await Workshop.open({ up: 1, next: 1 });
  inputs = [await workshop.import('bitnet', tinyModel(1, { hidden_size: 32 }))];
});
afterAll(() => workshop?.close());

describe('the options of training', () => {
  const text = Array.from({ length: 4000 }, (_, i) => `Line ${i} says that ${i} and ${i + 1} are neighbours.\n\n`);
  const options = {
    rows: 4,
    itemsPerFamily: 20,
    learningRate: 0.01,
    poolItems: 300,
    steps: 20,
    dreamEvery: 5,
    dreamItems: 64,
    dreamAgreement: 0,
  };

  test.each([
    ['a curriculum by loss', { curriculum: 'loss', arms: ['plain', 'shuffled'] }],
    ['a curriculum by length', { curriculum: 'length', arms: ['plain', 'shuffled'] }],
    ['success in a band', { edgeOfChaos: true, arms: ['plain', 'shuffled'] }],
    ['a self-model', { arms: ['plain', 'self-model'] }],
    ['dreams', { arms: ['plain', 'dream'], dreamAgreement: 0 }],
  ])('%s: its arm differs from its control, on tasks and text', async (_, params) => {
    const data = [await workshop.dataSet('lines', text.join(''))];
    const { outcome } = await workshop.run(training, { params: { ...options, ...params }, inputs, data });
    const { rows } = await workshop.report(outcome);
    expect(rows.map(({ name }) => name)).toEqual(['input', ...params.arms]);
    expect(new Set(rows.map(({ artifactId }) => artifactId)).size).toBe(3);
  });

  test.each([
    ['a curriculum', { curriculum: 'loss', arms: ['plain', 'shuffled'] }],
    ['dreams', { arms: ['plain', 'dream'] }],
  ])('%s works on text alone', async (_, params) => {
    const data = [await workshop.dataSet('lines', text.join(''))];
    const { outcome } = await workshop.run(training, { params: { ...options, ...params }, inputs, data, families: {} });
    const { afterBitsPerByte, beforeBitsPerByte } = outcome.metrics;
    expect(afterBitsPerByte).toBeLessThan(beforeBitsPerByte!);
  });

  test('say what they did: how much success was in the band, how many dreams were kept', async () => {
    const params = { ...options, edgeOfChaos: true, steerEvery: 5, arms: ['plain', 'shuffled', 'dream'] };
    const { figures } = await workshop.report((await workshop.run(training, { params, inputs })).outcome);
    for (const name of ['plainInBand', 'plainSuccess', 'dreamInBand', 'dreamsKept']) {
      expect(figures[name]).toBeGreaterThanOrEqual(0);
      expect(figures[name]).toBeLessThanOrEqual(1);
    }
    expect(figures['shuffledInBand']).toBeUndefined();
  });

  test('dreams that no two samples agree on are none, and that is said', async () => {
    const params = { ...options, arms: ['dream'], dreamAgreement: 1, dreamTemperature: 10 };
    await expect(workshop.run(training, { params, inputs })).rejects.toMatchObject({
      code: 'DATA_INVALID',
      message: expect.stringMatching(/none of 64 dreams is kept/),
    });
  });
});
