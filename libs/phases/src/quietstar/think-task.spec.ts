import { mkdtemp } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import type { Json } from '@agent-forge/contracts';
import type { Checkpoint, TaskContext, TaskOutput } from '../task.js';
import { tinyModel } from '../testing/tiny-model.js';
import { Workshop } from '../testing/workshop.js';
import { thinkTask, type ThinkInput } from './think-task.js';

let workshop: Workshop;
let plan: ThinkInput;
beforeAll(async () => {
  workshop = await Workshop.open({ parity: 1 });
  const { id } = await workshop.import('start', tinyModel(1));
  plan = {
    arm: 'thoughts',
    role: 'think-thoughts',
    from: id,
    form: { families: ['parity'], tokens: 4, alphabet: [48, 49], startId: 262, endId: 263 },
    families: { parity: 2, up: 1 },
    data: [],
    talkTokens: 2,
    passes: 2,
    temperature: 1,
    reinforceTemperature: 1,
    clamp: false,
    policyWeight: 1,
    baseWeight: 0.5,
    mixingStart: 0,
    thoughtsPerText: 1,
    rowLength: 32,
    rows: 4,
    steps: 6,
    learningRate: 1e-3,
    seed: 1,
  };
});
afterAll(() => workshop?.close());

/** Runs the task; aborts it when it reports this step. */
async function run(checkpoint?: Checkpoint, abortAt?: number): Promise<{ output?: TaskOutput; saved: Checkpoint[] }> {
  const controller = new AbortController();
  const saved: Checkpoint[] = [];
  const context: TaskContext = {
    artifacts: workshop.artifacts,
    workDir: await mkdtemp(join(workshop.dir, 'task-')),
    threads: 1,
    codeVersion: 'test',
    signal: controller.signal,
    checkpoint,
    saveCheckpoint: async (each) => void saved.push(structuredClone(each)),
    report: ({ step }) => {
      if (step === abortAt) controller.abort();
    },
  };
  const ending = thinkTask(plan as unknown as Json, context);
  if (abortAt === undefined) return { output: await ending, saved };
  await expect(ending).rejects.toMatchObject({ code: 'CANCELLED' });
  return { saved };
}

test('a reinforcement that is stopped saves where it is, and goes on with the same bytes and figures', async () => {
  const whole = await run();
  const stopped = await run(undefined, 3);
  expect(stopped.saved.at(-1)!.state).toEqual({ step: 3 });
  const resumed = await run(stopped.saved.at(-1));
  expect(resumed.output!.artifacts).toEqual(whole.output!.artifacts);
  const { seconds: _, ...figures } = resumed.output!.value as { seconds: number };
  expect(whole.output!.value).toMatchObject(figures);
});

test('trains the mixing head beside the model, and leaves it behind', async () => {
  const { output } = await run();
  expect(output!.artifacts.map(({ role, kind }) => [role, kind])).toEqual([
    ['think-thoughts', 'model'],
    ['mixing-head', 'checkpoint'],
  ]);
  const { files } = await workshop.artifacts.manifest(output!.artifacts[1]!.id);
  expect(files.map(({ name }) => name)).toEqual(['mixing_head.safetensors']);
});
