import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { ForgeError, type Json } from '@agent-forge/contracts';
import { TERNARY_TRAINING, trainLanguageModel } from '@agent-forge/model';
import { mixtureSource } from '../shared/mixture.js';
import type { Checkpoint, TaskOutput } from '../task.js';
import { taskContext } from '../testing/task-context.js';
import { tinyModel } from '../testing/tiny-model.js';
import { Workshop } from '../testing/workshop.js';
import type { ExpertInput } from './expert-task.js';
import { phase } from './index.js';
import type { MixInput } from './mix-task.js';

/** Answers of one letter: whoever has seen a few is right now and then, without which there would be nothing to reward. */
const FAMILIES = { parity: 1, next: 1 };
let shop: Workshop;
let start: { from: string; decomposition: string };
beforeAll(async () => {
  shop = await Workshop.open(FAMILIES);
  const model = tinyModel(1, { hidden_size: 32, intermediate_size: 64 });
  const ternary = { ...model, config: { ...model.config, ternary: TERNARY_TRAINING } };
  const source = mixtureSource({ families: FAMILIES, texts: [], textShare: 0 }, ternary, {
    rows: 4,
    length: 64,
    seed: 1,
  });
  const taught = await trainLanguageModel({ model: ternary, source, steps: 120, threads: 1 });
  const from = await shop.import('start', taught.model);
  const { artifacts } = await perform('decompose', { from: from.id }, []);
  start = { from: from.id, decomposition: artifacts[0]!.id };
});
afterAll(() => shop?.close());

/** Does a task of the phase; its signal is aborted once the share `stopAt` is done. */
async function perform(task: string, input: unknown, saved: Checkpoint[], stopAt = Infinity): Promise<TaskOutput> {
  const context = await taskContext(shop, saved, ({ fraction }) => fraction >= stopAt);
  return phase.tasks![task]!(input as Json, context);
}

const expertInput = (method: ExpertInput['method'], steps: number): ExpertInput => ({
  ...start,
  ...{ domain: { name: 'parity', families: { parity: 1 }, data: [] }, method, singularValues: null, steps },
  ...{ rows: 4, rowLength: 64, answers: 8, temperature: 1, maxRollbacks: 0, seed: 1 },
  optimizer: { name: 'adamw', learningRate: 1e-2, weightDecay: 0 },
});

const filesOf = async ({ artifacts }: TaskOutput) => (await shop.artifacts.manifest(artifacts[0]!.id)).files;

test.each([
  ['next-token', 160],
  ['reinforce', 12],
] as const)('an expert of %s that is stopped ends with the very bytes of one that never was', async (method, steps) => {
  const input = expertInput(method, steps);
  const whole = await perform('expert', input, []);
  const saved: Checkpoint[] = [];
  const stopped = await perform('expert', input, saved, 0.2).catch((error: unknown) => ForgeError.from(error).code);
  expect(stopped).toBe('CANCELLED');
  const { step } = saved.at(-1)!.state as { step: number };
  expect(step).toBeGreaterThan(0);
  expect(step).toBeLessThan(steps);
  expect(await filesOf(await perform('expert', input, saved))).toEqual(await filesOf(whole));
  // The steps do something: fewer give other factors.
  expect(await filesOf(await perform('expert', { ...input, steps: 2 }, []))).not.toEqual(await filesOf(whole));
});

test('a decomposition that is stopped ends with the very bytes of one that never was', async () => {
  const saved: Checkpoint[] = [];
  const input = { from: start.from };
  const stopped = await perform('decompose', input, saved, 0.4).catch((error: unknown) => ForgeError.from(error).code);
  expect(stopped).toBe('CANCELLED');
  expect((saved.at(-1)!.state as { matrices: number }).matrices).toBe(6);
  expect((await perform('decompose', input, saved)).artifacts[0]!.id).toBe(start.decomposition);
});

test('a search for a mixture that is stopped ends where one does that never was', async () => {
  const experts = [];
  for (const name of ['next', 'parity']) {
    const input = { ...expertInput('next-token', 20), domain: { name, families: { [name]: 1 }, data: [] } };
    experts.push((await perform('expert', input, [])).artifacts[0]!.id);
  }
  const settings = { shots: 4, textBytes: 0, generations: 6, population: 5, eliteShare: 0.4, seed: 1 };
  const input: MixInput = { ...start, experts, families: FAMILIES, data: [], ...settings };
  const whole = await perform('mix', input, []);
  const saved: Checkpoint[] = [];
  const stopped = await perform('mix', input, saved, 0.5).catch((error: unknown) => ForgeError.from(error).code);
  expect(stopped).toBe('CANCELLED');
  expect((saved.at(-1)!.state as { generation: number }).generation).toBe(3);
  expect((await perform('mix', input, saved)).value).toEqual(whole.value);
  expect(whole.value).toMatchObject({ evaluations: 30 });
});
