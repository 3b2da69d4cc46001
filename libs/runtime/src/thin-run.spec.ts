import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { create } from '@bufbuild/protobuf';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { RecipeSchema, type EventOf, type Recipe } from '@agent-forge/contracts';
import { readEvents } from '@agent-forge/nats';
import { World } from './testing/world.js';

const BOOK = new URL('../../../recipes/data/emma.txt', import.meta.url);

let world: World;
beforeAll(async () => {
  world = await World.create();
});
afterAll(() => world?.destroy());

async function uploadBook(): Promise<string> {
  const bytes = await readFile(BOOK);
  const file = { name: 'emma.txt', ...(await world.store.putFile([bytes])) };
  const lineage = { parents: [], data: [], phase: 'import', params: {}, seed: null, codeVersion: 'test', metrics: {} };
  return world.store.putManifest({ version: 1, kind: 'dataset', files: [file], lineage });
}

// A network of 20,000 parameters for 60 steps: it ends in seconds and has learnt the letters and little more.
const SMALL = { steps: 60, hiddenSize: 32, intermediateSize: 64, layers: 1, heads: 2, contextLength: 64, rows: 8 };

async function requestRun(run: string, artifactId: string, params: Record<string, number>): Promise<void> {
  const phases = [{ phase: 'cognate', params }, { phase: 'evomerge' }];
  const recipe: Recipe = create(RecipeSchema, { name: run, seed: 7, data: [{ name: 'book', artifactId }], phases });
  await world.log.execute('t1', run, { do: 'request', recipe, requestedBy: 'test' });
}

test('a book goes through cognate and evomerge, two services, and a merged model comes out', async () => {
  const dataId = await uploadBook();
  await Promise.all([world.serveReal('cognate'), world.serveReal('evomerge')]);
  const stages = new Set<string>();
  const stop = new AbortController();
  const watching = (async () => {
    const filter = 'forge.progress.t1.book.>';
    for await (const { event } of readEvents(world.broker.connection, {
      stream: 'progress',
      filter,
      signal: stop.signal,
    })) {
      if (event.name === 'phase.progress') stages.add(`${event.phase}: ${event.data.stage}`);
    }
  })();
  await requestRun('book', dataId, SMALL);
  const events = await world.end('book');
  stop.abort();
  await watching;
  expect(events.at(-1)).toMatchObject({ name: 'run.completed' });
  expect([...stages]).toEqual(
    expect.arrayContaining([
      'cognate: train trunk',
      'cognate: train seed 2',
      'evomerge: merge',
      'evomerge: measure merged',
    ]),
  );

  const [cognate, evomerge] = events.filter((e): e is EventOf<'phase.completed'> => e.name === 'phase.completed');
  expect(cognate!.data.artifacts.map(({ role }) => role)).toEqual(['trunk', 'seed-1', 'seed-2']);
  expect(cognate!.data.metrics).toMatchObject({ trunkSteps: 30, seed1Steps: 15, seed2Steps: 15 });
  const { oneGramBitsPerByte, threeGramBitsPerByte, trunkBitsPerByte, mergedBitsPerByte } = evomerge!.data.metrics;
  // The baselines are those of the book, whatever the network learnt; both phases measured the trunk the same.
  expect(oneGramBitsPerByte).toBeCloseTo(4.48, 1);
  expect(threeGramBitsPerByte).toBeCloseTo(2.7, 1);
  expect(trunkBitsPerByte).toBeCloseTo(cognate!.data.metrics['trunkBitsPerByte']!, 6);
  expect(mergedBitsPerByte).toBeLessThan(7);

  const merged = evomerge!.data.artifacts.find(({ role }) => role === 'merged')!;
  const { lineage } = await world.store.manifest(merged.id);
  const seedIds = cognate!.data.artifacts.filter(({ role }) => role.startsWith('seed')).map(({ id }) => id);
  expect(lineage).toMatchObject({
    parents: seedIds,
    data: [dataId],
    phase: 'evomerge',
    metrics: evomerge!.data.metrics,
  });
  const dir = await mkdtemp(join(tmpdir(), 'agent-forge-merged-'));
  await world.store.materialise(merged.id, join(dir, 'model'));
  expect(await readdir(join(dir, 'model'))).toEqual(
    expect.arrayContaining(['config.json', 'model.safetensors', 'tokenizer.json']),
  );
  await rm(dir, { recursive: true });
});

test('the same recipe and seed give the same models, byte for byte', async () => {
  const dataId = await uploadBook();
  const ids = [];
  for (const run of ['once', 'twice']) {
    await requestRun(run, dataId, { ...SMALL, steps: 12 });
    const { data } = (await world.end(run)).at(-1)! as EventOf<'run.completed'>;
    ids.push(data.artifacts.map(({ id }) => id));
  }
  expect(ids[0]).toHaveLength(2);
  expect(ids[0]).toEqual(ids[1]);
});
