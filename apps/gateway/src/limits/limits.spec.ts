import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import type { Problem } from '@agent-forge/contracts';
import { cancelRun, createRun, retryRun, uploadDataset, type Connection } from '@agent-forge/sdk';
import { World } from '../testing/world.js';

let world: World;
let client: Connection;
let colleague: Connection;
let other: Connection;
let crowd: Connection;
let artifactId: string;
beforeAll(async () => {
  world = await World.create({
    FORGE_CLIENT_READS_PER_S: '5',
    FORGE_TENANT_READS_PER_S: '6',
    FORGE_TENANT_WRITES_PER_S: '0',
    FORGE_CLIENT_WRITES_PER_S: '0',
    FORGE_TENANT_OPEN_RUNS: '3',
  });
  client = await world.connect();
  [colleague, other, crowd] = [
    await world.connectAs('colleague', 'viewer'),
    await world.connectAs('stranger', 'admin', 'other'),
    await world.connectAs('many', 'admin', 'crowd'),
  ];
  const text = async function* () {
    yield Buffer.from('Some text.\n');
  };
  ({ artifactId } = await uploadDataset(client, text()));
  for (const each of [other, crowd]) await uploadDataset(each, text());
});
afterAll(() => world?.destroy());

async function reads(as: Connection, count: number): Promise<Response[]> {
  const headers = { authorization: `Bearer ${await as.token()}` };
  return Promise.all(Array.from({ length: count }, () => fetch(`${as.url}/v1/runs`, { headers })));
}

const good = (answers: Response[]) => answers.filter(({ status }) => status === 200).length;

const newRun = (as: Connection) =>
  createRun(as, { data: [{ name: 'text', artifactId }], phases: [{ phase: 'cognate', params: { steps: 5 } }] });

describe('a client that reads faster than it may', () => {
  test('is told so and for how long, and another tenant notices nothing', async () => {
    const greedy = await reads(client, 60);
    const refused = greedy.filter(({ status }) => status === 429);
    // A burst of ten, and what flowed in meanwhile.
    expect(good(greedy)).toBeGreaterThanOrEqual(10);
    expect(refused.length).toBeGreaterThan(0);
    for (const { headers } of refused) {
      expect(Number(headers.get('retry-after'))).toBeGreaterThanOrEqual(1);
      expect(headers.get('ratelimit-policy')).toBe('"client-reads";q=10;w=2');
      expect(headers.get('ratelimit')).toMatch(/^"client-reads";r=0;t=1$/);
    }
    expect(((await refused[0]!.json()) as Problem).code).toBe('RATE_LIMITED');
    expect((await reads(other, 1))[0]!.status).toBe(200);
  });

  test('shares the bound of its tenant with the others there', async () => {
    const crowd = (await Promise.all([reads(client, 40), reads(colleague, 40)])).flat();
    const policies = crowd.filter(({ status }) => status === 429).map(({ headers }) => headers.get('ratelimit-policy'));
    expect(policies).toContain('"tenant-reads";q=12;w=2');
  });

  test('can still change things, and orchestrators can still ask', async () => {
    await reads(client, 40);
    await expect(cancelRun(client, 'nope')).rejects.toMatchObject({ code: 'NOT_FOUND' });
    for (let i = 0; i < 40; i++) expect((await fetch(`${client.url}/health`)).status).toBe(200);
  });
});

test('a tenant has so many open runs also when it asks for them all at the same moment', async () => {
  const asked = await Promise.allSettled(Array.from({ length: 20 }, () => newRun(crowd)));
  const refused = asked.flatMap((each) => (each.status === 'rejected' ? [each.reason as unknown] : []));
  expect(refused).toEqual(Array.from({ length: 17 }, () => expect.objectContaining({ code: 'TOO_MANY_RUNS' })));
});

test('a tenant has so many open runs and no more; one that ends makes room, and another tenant has its own', async () => {
  const runs = [];
  for (let i = 0; i < 3; i++) runs.push(await newRun(client));
  await expect(newRun(client)).rejects.toMatchObject({ code: 'TOO_MANY_RUNS' });
  expect((await newRun(other)).status).toBe('running');
  await cancelRun(client, runs[0]!.id);
  expect((await newRun(client)).status).toBe('running');
  await expect(newRun(client)).rejects.toMatchObject({ code: 'TOO_MANY_RUNS' });
  await expect(retryRun(client, runs[0]!.id, { phase: 'cognate' })).rejects.toMatchObject({ code: 'TOO_MANY_RUNS' });
});
