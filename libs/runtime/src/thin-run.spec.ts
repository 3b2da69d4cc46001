import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import type { EventOf } from '@agent-forge/contracts';
import { readEvents } from '@agent-forge/nats';
import { requestBookRun, uploadBook } from './testing/book-run.js';
import { World } from './testing/world.js';

let world: World;
beforeAll(async () => {
  world = await World.create();
});
afterAll(() => world?.destroy());

test('a book goes through cognate and evomerge, two services, and a merged model comes out', async () => {
  const dataId = await uploadBook(world);
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
  await requestBookRun(world, 'book', dataId);
  const events = await world.end('book');
  stop.abort();
  await watching;
  expect(events.at(-1)).toMatchObject({ name: 'run.completed' });
  expect([...stages]).toEqual(
    expect.arrayContaining([expect.stringMatching(/^cognate: /), expect.stringMatching(/^evomerge: /)]),
  );

  const [cognate, evomerge] = events.filter((e): e is EventOf<'phase.completed'> => e.name === 'phase.completed');
  expect(cognate!.data.artifacts.map(({ role }) => role)).toEqual(['trunk', 'seed-a', 'seed-b', 'report']);
  const { oneGramBitsPerByte, threeGramBitsPerByte, trunkBitsPerByte, championBitsPerByte } = evomerge!.data.metrics;
  // The baselines are those of the book, whatever the network learnt; both phases measured the trunk the same.
  expect(oneGramBitsPerByte).toBeCloseTo(4.48, 1);
  expect(threeGramBitsPerByte).toBeCloseTo(2.7, 1);
  expect(trunkBitsPerByte).toBeCloseTo(cognate!.data.metrics['trunkBitsPerByte']!, 6);
  expect(championBitsPerByte).toBeLessThan(7);

  const merged = evomerge!.data.artifacts.find(({ role }) => role === 'merged')!;
  const { lineage } = await world.store.manifest(merged.id);
  const modelIds = cognate!.data.artifacts.filter(({ kind }) => kind === 'model').map(({ id }) => id);
  expect(lineage).toMatchObject({
    parents: modelIds,
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
