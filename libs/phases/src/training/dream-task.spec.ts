import { mkdtemp } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import type { Json } from '@agent-forge/contracts';
import { splitOf } from '@agent-forge/data';
import { tinyModel } from '../testing/tiny-model.js';
import { Workshop } from '../testing/workshop.js';
import type { TaskContext } from '../task.js';
import { dreamTask, type DreamInput, type DreamOutput } from './dream-task.js';
import { drawPool, readItems, type PoolItem } from './pool.js';
import { lossesOf } from './rank-task.js';

const FAMILIES = { up: 1, copy: 1 };
const model = tinyModel(1, { hidden_size: 32 });

let workshop: Workshop;
let common: DreamInput;
beforeAll(async () => {
  workshop = await Workshop.open(FAMILIES);
  const { id } = await workshop.import('bitnet', model);
  const pool = { model: id, families: FAMILIES, data: [], size: 600, rowLength: 32, seed: 1, begin: 0, end: 600 };
  common = { ...pool, temperature: 0.01, samples: 3, agreement: 1 };
});
afterAll(() => workshop?.close());

async function dream(more: Partial<DreamInput>): Promise<{ items: PoolItem[]; value: DreamOutput }> {
  const context = {
    artifacts: workshop.artifacts,
    workDir: await mkdtemp(join(workshop.dir, 'task-')),
    threads: 1,
    codeVersion: 'test',
    signal: new AbortController().signal,
    checkpoint: undefined,
    saveCheckpoint: async () => undefined,
    report: () => undefined,
  } satisfies TaskContext;
  const { artifacts, value } = await dreamTask({ ...common, ...more } as unknown as Json, context);
  return { items: await readItems(context, artifacts[0]!.id), value: value as unknown as DreamOutput };
}

describe('dreams on tasks', () => {
  const drawn = () => drawPool({ ...common, texts: [] }, model);

  test('keep the prompt, and have the answer of the model in place of the true one', async () => {
    // Nobody taught this model to end an answer, so few of its answers are finished.
    const { items, value } = await dream({ samples: 1, agreement: 0, temperature: 10 });
    expect(value).toEqual({ dreamed: 600, kept: items.length });
    expect(items.length).toBeGreaterThan(0);
    const prompts = drawn().map(({ ids, learnt }) => ids.slice(0, learnt.indexOf(1)).join());
    for (const { ids, learnt, key } of items) {
      const at = learnt.indexOf(1);
      expect(prompts).toContain(ids.slice(0, at).join());
      expect(learnt).toEqual(ids.map((_, i) => (i < at ? 0 : 1)));
      expect(ids.at(-1)).toBe(model.tokenizer!.eosId);
      expect(splitOf(key!)).toBe('train');
    }
  });

  test('are fewer where more samples must agree', async () => {
    const options = { samples: 4, temperature: 10, end: 200 };
    const [any, all] = [await dream({ ...options, agreement: 0 }), await dream({ ...options, agreement: 1 })];
    expect(all.value.kept).toBeLessThan(any.value.kept);
    const prompts = new Set(any.items.map(({ ids }) => ids.join()));
    for (const { ids } of all.items) expect(prompts).toContain(ids.join());
  });
});

test('dreams on text rewrite the second half, and are kept where the model finds them no less likely', async () => {
  const text = Array.from({ length: 5000 }, (_, i) => `Line ${i} is here.\n\n`).join('');
  const { name, artifactId } = await workshop.dataSet('lines', text);
  const given = { families: {}, data: [{ name, artifactId }], end: 30 };
  const [cold, hot] = [await dream(given), await dream({ ...given, temperature: 10 })];
  expect(cold.items.length).toBeGreaterThan(0);
  // What a model writes at a low temperature is likelier to it than what others wrote.
  expect(cold.value.kept).toBeGreaterThan(hot.value.kept);
  const host = { threads: 1, signal: new AbortController().signal, report: () => undefined };
  for (const { ids, learnt } of cold.items) {
    expect(ids).toHaveLength(32);
    expect(learnt).toEqual(ids.map((_, i) => (i < 16 ? 0 : 1)));
  }
  const losses = await lossesOf(model, cold.items, host);
  expect(Math.max(...losses)).toBeLessThan(Math.log(model.config.vocabSize) + 0.5);
});
