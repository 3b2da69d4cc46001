import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { Registry } from 'prom-client';
import type { Problem, RunList, RunView } from '@agent-forge/contracts';
import { makeLogger } from '@agent-forge/runtime';
import {
  cancelRun,
  createRun,
  listArtifacts,
  listRuns,
  uploadDataset,
  type Connection,
  type RunFilter,
} from '@agent-forge/sdk';
import { RunIndex } from '../runs/run-index.js';
import { World } from '../testing/world.js';

let world: World;
let client: Connection;
let other: Connection;
let runs: RunView[];
let artifactId: string;
beforeAll(async () => {
  world = await World.create();
  client = await world.connect();
  other = await world.connectAs('stranger', 'admin', 'other');
  const text = async function* () {
    yield Buffer.from('Some text.\n');
  };
  ({ artifactId } = await uploadDataset(client, text()));
  await uploadDataset(other, text());
  runs = [];
  for (const name of ['alpha', 'Beta', 'alphabet', 'gamma', 'beta two']) runs.push(await ask(name));
  await cancelRun(client, runs[1]!.id);
});
afterAll(() => world?.destroy());

const ask = (name: string, as = client): Promise<RunView> =>
  createRun(as, {
    name,
    data: [{ name: 'text', artifactId }],
    phases: [{ phase: 'cognate', params: { steps: 5 } }, ...(name === 'gamma' ? [{ phase: 'evomerge' as const }] : [])],
  });

async function get(path: string, as = client): Promise<{ status: number; body: RunList & Problem }> {
  const answer = await fetch(as.url + path, { headers: { authorization: `Bearer ${await as.token()}` } });
  return { status: answer.status, body: (await answer.json()) as RunList & Problem };
}

async function namesOf(filter: RunFilter, pageSize?: number): Promise<string[]> {
  const names = [];
  for await (const { name } of listRuns(client, pageSize, filter)) names.push(name);
  return names;
}

describe('runs', () => {
  test.each<[string, RunFilter, string[]]>([
    ['all, newest first', {}, ['beta two', 'gamma', 'alphabet', 'Beta', 'alpha']],
    ['all, oldest first', { sort: 'oldest' }, ['alpha', 'Beta', 'alphabet', 'gamma', 'beta two']],
    ['by status', { status: 'cancelled' }, ['Beta']],
    ['by a part of the name', { name: 'BET', sort: 'oldest' }, ['Beta', 'alphabet', 'beta two']],
    ['by phase', { phase: 'evomerge' }, ['gamma']],
    ['by several at once', { name: 'bet', status: 'running' }, ['beta two', 'alphabet']],
    ['none', { status: 'failed' }, []],
  ])('are listed %s, in pages of any size', async (_, filter, names) => {
    for (const size of [1, 2, 5, undefined]) expect(await namesOf(filter, size)).toEqual(names);
  });

  test('are listed by when they were asked for', async () => {
    const { requestedAt } = runs[2]!;
    const at = runs.filter((run) => run.requestedAt === requestedAt).length;
    const since = await namesOf({ since: requestedAt });
    const until = await namesOf({ until: requestedAt });
    expect(since).toContain('alphabet');
    expect(until).not.toContain('alphabet');
    expect([since.length + until.length, at > 0]).toEqual([runs.length, true]);
  });

  test('a cursor is good for its own list only, and no other text is one', async () => {
    const { next } = (await get('/v1/runs?limit=2')).body;
    expect((await get(`/v1/runs?limit=3&after=${next}`)).body.runs.map(({ name }) => name)).toEqual([
      'alphabet',
      'Beta',
      'alpha',
    ]);
    const wrong = ['sort=oldest', 'status=running', 'name=a'].map((query) => `limit=2&${query}&after=${next}`);
    const changed = `${next!.startsWith('A') ? 'B' : 'A'}${next!.slice(1)}`;
    const texts = [changed, `${next}A`, next!.slice(0, 10), runs[0]!.id, '..', '', 'x'.repeat(201), `${next}=`];
    for (const query of [...wrong, ...texts.map((text) => `after=${text}`)]) {
      const { status, body } = await get(`/v1/runs?${query}`);
      expect([query, status, body.code]).toEqual([query, 400, 'INVALID_ARGUMENT']);
    }
    expect((await get(`/v1/runs?limit=2&after=${next}`, other)).status).toBe(400);
    expect((await get(`/v1/artifacts?after=${next}`)).status).toBe(400);
  });

  test.each([
    'limit=0',
    'limit=201',
    'status=done',
    'status=running&status=failed',
    'phase=nirvana',
    'since=yesterday',
    'until=1',
    'sort=name',
    'order=asc',
    `name=${'x'.repeat(201)}`,
    'tenant=other',
    'name[]=a',
  ])('a query that makes no sense is refused: %s', async (query) => {
    const { status, body } = await get(`/v1/runs?${query}`);
    expect([status, body.code]).toEqual([400, 'INVALID_ARGUMENT']);
  });

  test('of another tenant are in no list, whatever is asked for', async () => {
    for (const query of ['', '?name=alpha', '?status=cancelled', '?sort=oldest'])
      expect((await get(`/v1/runs${query}`, other)).body.runs).toEqual([]);
  });
});

describe('artifacts', () => {
  test('are listed by kind, by phase and by run', async () => {
    const idsOf = async (query: object) => (await listArtifacts(client, query)).artifacts.map(({ id }) => id);
    expect(await idsOf({ kind: 'dataset' })).toEqual([artifactId]);
    expect(await idsOf({ kind: 'model' })).toEqual([]);
    expect(await idsOf({ phase: 'import' })).toEqual([artifactId]);
    expect(await idsOf({ phase: 'cognate' })).toEqual([]);
    const { id } = await ask('makes one');
    expect(await idsOf({ run: id })).toEqual([]);
    await world.log.execute('main', id, { do: 'claim', phase: 'cognate', worker: 'w' });
    const result = { artifacts: [{ id: artifactId, kind: 'model', role: 'trunk' }], metrics: {} };
    await world.log.execute('main', id, { do: 'complete', phase: 'cognate', attempt: 1, worker: 'w', result } as never);
    expect(await idsOf({ run: id })).toEqual([artifactId]);
    await expect(listArtifacts(other, { run: id })).rejects.toMatchObject({ code: 'NOT_FOUND' });
    for (const query of ['kind=pickle', 'phase=A', 'run=*', 'limit=0', 'after=..'])
      expect([query, (await get(`/v1/artifacts?${query}`)).status]).toEqual([query, 400]);
  });
});

test('the index forgets ended runs of whoever has the most, and no others while there are some', async () => {
  const theirs = await ask('theirs', other);
  const index = new RunIndex(
    world.broker.connection,
    makeLogger('test', { logLevel: 'error' } as never),
    new Registry(),
    4,
  );
  index.onApplicationBootstrap();
  const { state } = await world.log.load('main', (await ask('last')).id);
  await index.reached(state!.sequence);
  const everything = { limit: 200, after: undefined, isOldestFirst: false, isWanted: () => true };
  const mine = index.list('main', everything).runs.map(({ run }) => run);
  expect(index.list('other', everything).runs.map(({ run }) => run)).toEqual([theirs.id]);
  expect([mine.length, mine.includes(runs[1]!.id), mine[0]]).toEqual([3, false, state!.run]);
  await index.onApplicationShutdown();
});
