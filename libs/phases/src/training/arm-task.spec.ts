import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { ForgeError, type Json } from '@agent-forge/contracts';
import { TERNARY_TRAINING, type Model } from '@agent-forge/model';
import { taskContext } from '../testing/task-context.js';
import { tinyModel } from '../testing/tiny-model.js';
import { Workshop } from '../testing/workshop.js';
import type { Checkpoint, TaskOutput } from '../task.js';
import { armTask, type ArmInput } from './arm-task.js';
import { drawPool, storeItems } from './pool.js';

const STEPS = 40;
const FAMILIES = { up: 1, next: 1 };

let workshop: Workshop;
let common: ArmInput;
let pool: string;
let dreams: string;
beforeAll(async () => {
  workshop = await Workshop.open(FAMILIES);
  const dense = tinyModel(1, { hidden_size: 32 });
  // Trained through its quantiser, as after bitnet.
  const model: Model = { ...dense, config: { ...dense.config, ternary: TERNARY_TRAINING } };
  const { id } = await workshop.import('bitnet', model);
  common = {
    phase: 'training',
    role: 'arm-grokfast',
    from: { model: id },
    families: FAMILIES,
    data: [],
    share: { index: 0, count: 1 },
    textShare: 0.5,
    rows: 4,
    rowLength: 64,
    steps: STEPS,
    optimizer: { name: 'adamw', learningRate: 0.01, filter: 'grokfast-ema' },
    maxRollbacks: 0,
    seed: 1,
    stream: 'arms',
  };
  const drawn = drawPool({ families: FAMILIES, texts: [], size: 300, rowLength: 64, seed: 1 }, model);
  const ranked = drawn.map((item) => ({ ...item, difficulty: item.ids.length }));
  const lineage = { parents: [], data: [], phase: 'training', params: {}, seed: 1, codeVersion: 'test', metrics: {} };
  pool = (await storeItems({ ...workshop, workDir: workshop.dir }, 'pool', ranked, lineage)).id;
  dreams = (await storeItems({ ...workshop, workDir: workshop.dir }, 'dreams', drawn.slice(0, 50), lineage)).id;
});
afterAll(() => workshop?.close());

/** Does the task; its signal is aborted once `stopAt` steps are done. */
async function run(input: ArmInput, saved: Checkpoint[], stopAt = Infinity): Promise<TaskOutput> {
  const context = await taskContext(workshop, saved, ({ step = 0 }) => step >= stopAt);
  return armTask(input as unknown as Json, context);
}

const steered = { kind: 'steered', low: 0.55, high: 0.75, window: 20, every: 6, explore: 0.1 } as const;
const curriculum = { kind: 'curriculum', start: 0.2, steps: 20 } as const;

test.each<[string, () => Partial<ArmInput>]>([
  ['Grokfast', () => ({})],
  ['a window of Grokfast', () => ({ optimizer: { name: 'muon', filter: 'grokfast-ma', filterWindow: 8 } })],
  ['a curriculum', () => ({ pool: { artifact: pool, order: curriculum, keptShare: 0 } })],
  ['steered success', () => ({ pool: { artifact: pool, order: steered, keptShare: 0.2 } })],
  ['a self-model', () => ({ selfModel: { layers: [1, 2], weight: 0.1, warmup: 0.5 } })],
  ['dreams', () => ({ dreams: { artifacts: [dreams], rhythm: { every: 5, steps: 2 } } })],
])('an arm with %s that is stopped, twice, ends with the very bytes of one that never was', async (_, more) => {
  const input = { ...common, ...more() };
  const whole = await run(input, []);
  const saved: Checkpoint[] = [];
  for (const stopAt of [3, 20]) {
    const stopped = await run(input, saved, stopAt).catch((error: unknown) => ForgeError.from(error).code);
    expect(stopped).toBe('CANCELLED');
  }
  const steps = saved.map(({ state }) => (state as { step: number }).step);
  expect(steps[0]).toBeGreaterThan(0);
  expect(steps.at(-1)).toBeGreaterThan(steps[0]!);
  expect(steps.at(-1)).toBeLessThan(STEPS);
  const resumed = await run(input, saved);
  expect(resumed.artifacts).toEqual(whole.artifacts);
  const decided = ({ value }: TaskOutput) => (value as { steering?: unknown[] }).steering;
  expect(decided(resumed)).toEqual(decided(whole));
  if (input.pool?.order.kind === 'steered') expect(decided(whole)).toHaveLength(Math.ceil(STEPS / 6));
});
