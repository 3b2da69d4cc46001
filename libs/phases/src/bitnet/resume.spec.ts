import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { ForgeError, type Json } from '@agent-forge/contracts';
import { addSubNorms, TERNARY_TRAINING } from '@agent-forge/model';
import type { TrainInput } from '../shared/train-task.js';
import type { Checkpoint, TaskOutput } from '../task.js';
import { taskContext } from '../testing/task-context.js';
import { tinyModel } from '../testing/tiny-model.js';
import { Workshop } from '../testing/workshop.js';
import { phase } from './index.js';

const STEPS = 240;
/** The quantiser is all the way in after 120 steps. */
const RAMP = 0.5;
const FAMILIES = { up: 1, next: 1 };

let shop: Workshop;
let input: TrainInput;
beforeAll(async () => {
  shop = await Workshop.open(FAMILIES);
  const grown = addSubNorms(tinyModel(1, { hidden_size: 32, intermediate_size: 64 }));
  const start = await shop.import('start', { ...grown, config: { ...grown.config, ternary: TERNARY_TRAINING } });
  input = {
    phase: 'bitnet',
    role: 'ternary',
    from: { model: start.id },
    families: FAMILIES,
    data: [],
    share: { index: 0, count: 1 },
    textShare: 0.5,
    rows: 4,
    rowLength: 64,
    steps: STEPS,
    optimizer: { name: 'adamw', learningRate: 2e-3, schedule: 'two-stage', weightDecay: 0.1 },
    maxRollbacks: 0,
    ramp: RAMP,
    seed: 1,
  };
});
afterAll(() => shop?.close());

/** Does the phase's task; its signal is aborted once `stopAt` steps are done. */
async function train(saved: Checkpoint[], { stopAt = Infinity, ...change }: { stopAt?: number; ramp?: number } = {}) {
  const context = await taskContext(shop, saved, ({ step = 0 }) => step >= stopAt);
  return phase.tasks!['train']!({ ...input, ...change } as unknown as Json, context);
}

const bytesOf = async ({ artifacts }: TaskOutput) => (await shop.artifacts.manifest(artifacts[0]!.id)).files;

test('a training that is stopped, on its ramp and after it, ends with the very bytes of one that never was', async () => {
  const whole = await train([]);
  const saved: Checkpoint[] = [];
  for (const stopAt of [5, 125]) {
    const stopped = await train(saved, { stopAt }).catch((error: unknown) => ForgeError.from(error).code);
    expect(stopped).toBe('CANCELLED');
  }
  const steps = saved.map(({ state }) => (state as { step: number }).step);
  expect(steps[0]).toBeGreaterThan(0);
  expect(steps[0]).toBeLessThan(RAMP * STEPS);
  expect(steps.at(-1)).toBeGreaterThanOrEqual(RAMP * STEPS);
  expect(steps.at(-1)).toBeLessThan(STEPS);
  expect(await bytesOf(await train(saved))).toEqual(await bytesOf(whole));
  // The ramp does something: without it other weights come out.
  expect(await bytesOf(await train([], { ramp: 0.1 }))).not.toEqual(await bytesOf(whole));
});
