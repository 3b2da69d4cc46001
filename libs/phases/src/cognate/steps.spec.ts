import { expect, test } from '@jest/globals';
import { planSteps } from './steps.js';

const params = { trunkShare: 0.4, generalist: true, maxSeconds: 100 };

test('the steps of a recipe are those of trunk and seeds together', () => {
  expect(planSteps({ ...params, steps: 1000 }, 3)).toEqual({ trunk: 400, seed: 200, secondsPerStep: 0 });
  expect(planSteps({ ...params, steps: 1000, trunkShare: 0 }, 4)).toMatchObject({ trunk: 0, seed: 250 });
});

test('a time is for all trainings, the generalist too, and leaves a tenth for measuring', () => {
  for (const generalist of [true, false]) {
    const { trunk, seed, secondsPerStep } = planSteps({ ...params, generalist }, 3, 0.05);
    expect(secondsPerStep * (trunk + (generalist ? 4 : 3) * seed)).toBeCloseTo(90, 0);
    expect(trunk / (trunk + 3 * seed)).toBeCloseTo(0.4, 2);
  }
});

test('a time too short for one step still trains the seeds for one', () => {
  expect(planSteps({ ...params, maxSeconds: 0.001 }, 3, 1).seed).toBe(1);
});
