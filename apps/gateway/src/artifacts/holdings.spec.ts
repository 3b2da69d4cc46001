import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { FsArtifactStore } from '@agent-forge/artifacts-fs';
import type { ArtifactStore, Lineage, Problem } from '@agent-forge/contracts';
import { createRun, createWebhook, listArtifacts, uploadDataset, type Connection } from '@agent-forge/sdk';
import { artifactsDir } from '@agent-forge/runtime';
import { World } from '../testing/world.js';

let world: World;
let acme: Connection;
let other: Connection;
let store: ArtifactStore;
beforeAll(async () => {
  world = await World.create();
  acme = await world.connectAs('acmeadmin', 'admin', 'acme');
  other = await world.connectAs('otheradmin', 'admin', 'other');
  store = await FsArtifactStore.open(artifactsDir(world.broker.dataDir));
});
afterAll(() => world?.destroy());

const upload = async (connection: Connection, text: string) => {
  const bytes = (async function* () {
    yield Buffer.from(text);
  })();
  return (await uploadDataset(connection, bytes)).artifactId;
};
const run = async (connection: Connection, artifactId: string) =>
  (await createRun(connection, { data: [{ name: 'text', artifactId }], phases: [{ phase: 'cognate' }] })).id;

async function idsOf(connection: Connection): Promise<string[]> {
  return (await listArtifacts(connection)).artifacts.map(({ id }) => id);
}

/** What a phase would put. */
async function put(text: string, parents: string[] = []): Promise<string> {
  const file = await store.putFile([Buffer.from(text)]);
  const lineage: Lineage = { parents, data: [], phase: 'cognate', params: {}, seed: 1, codeVersion: 't', metrics: {} };
  return store.putManifest({ version: 1, kind: 'dataset', files: [{ name: 'a.txt', ...file }], lineage });
}

async function ask(connection: Connection, method: string, path: string, headers = {}): Promise<[number, string]> {
  const authorization = `Bearer ${await connection.token()}`;
  const answer = await fetch(connection.url + path, { method, headers: { authorization, ...headers } });
  const text = await answer.text();
  return [answer.status, answer.ok ? '' : (JSON.parse(text) as Problem).code];
}

describe('an artifact', () => {
  test('that a tenant has uploaded is its own, and is not there for another', async () => {
    const id = await upload(acme, 'a text of acme');
    expect(await idsOf(acme)).toEqual([id]);
    expect(await idsOf(other)).toEqual([]);
    for (const path of [`/v1/artifacts/${id}`, `/v1/artifacts/${id}/files/text.txt`]) {
      expect((await ask(acme, 'GET', path))[0]).toBe(200);
      expect(await ask(other, 'GET', path)).toEqual([404, 'ARTIFACT_NOT_FOUND']);
    }
    const absent = id.replace(/^./, (digit) => (digit === '0' ? '1' : '0'));
    const detailOf = async (name: string) => {
      const authorization = `Bearer ${await other.token()}`;
      const answer = await fetch(`${other.url}/v1/artifacts/${name}`, { headers: { authorization } });
      return ((await answer.json()) as Problem).detail.replace(name, '');
    };
    expect(await detailOf(id)).toBe(await detailOf(absent));
  });

  test('cannot be read by a run of another tenant either', async () => {
    const id = await upload(acme, 'another text of acme');
    await expect(run(other, id)).rejects.toMatchObject({ code: 'ARTIFACT_NOT_FOUND' });
    await expect(run(acme, id)).resolves.toMatch(/^[a-z0-9]+$/);
  });

  test('is of both tenants that have uploaded the same', async () => {
    const [one, two] = [await upload(acme, 'a common text'), await upload(other, 'a common text')];
    expect(one).toBe(two);
    for (const each of [acme, other]) expect((await ask(each, 'GET', `/v1/artifacts/${one}`))[0]).toBe(200);
  });

  test('that a run has made is its tenant’s, with all that it was made from', async () => {
    const made = await run(acme, await upload(acme, 'a text to learn'));
    const candidate = await put('a candidate');
    const result = await put('a result', [candidate]);
    const stray = await put('of nobody');
    const claim = { phase: 'cognate', worker: 'w1' };
    await world.log.execute('acme', made, { do: 'claim', ...claim });
    const artifacts = [{ id: result, kind: 'dataset', role: 'model' }];
    await world.log.execute('acme', made, { do: 'complete', ...claim, attempt: 1, result: { artifacts, metrics: {} } });
    const untilMs = Date.now() + 5_000;
    while ((await ask(acme, 'GET', `/v1/artifacts/${result}`))[0] !== 200 && Date.now() < untilMs);
    for (const [id, status] of [
      [result, 200],
      [candidate, 200],
      [stray, 404],
    ] as const) {
      expect((await ask(acme, 'GET', `/v1/artifacts/${id}`))[0]).toBe(status);
      expect((await ask(other, 'GET', `/v1/artifacts/${id}`))[0]).toBe(404);
    }
    // Whoever runs the installation sees it whole.
    expect(await idsOf(await world.connect())).toEqual(expect.arrayContaining([result, candidate, stray]));
  });
});

test('whatever id of another tenant is named, and with whatever method, there is no such thing', async () => {
  const artifact = await upload(acme, 'a text for a run');
  const id = await run(acme, artifact);
  const { id: webhook } = await createWebhook(acme, { url: 'http://127.0.0.1:9/' });
  const attempts: [string, string, Record<string, string>?][] = [
    ['GET', `/v1/runs/${id}`],
    ['GET', `/v1/runs/${id}/events`],
    ['GET', `/v1/runs/${id}/events`, { 'last-event-id': '1.0' }],
    ...['cancel', 'pause', 'resume'].map((verb): [string, string] => ['POST', `/v1/runs/${id}:${verb}`]),
    ['GET', `/v1/artifacts/${artifact}`],
    ['HEAD', `/v1/artifacts/${artifact}/files/text.txt`],
    ['GET', `/v1/artifacts/${artifact}/files/text.txt`, { range: 'bytes=0-1' }],
    ['GET', `/v1/artifacts/${artifact}/files/text.txt`, { 'if-none-match': '*' }],
    ['GET', `/v1/webhooks/${webhook}`],
    ['DELETE', `/v1/webhooks/${webhook}`],
    ['GET', `/v1/webhooks/${webhook}/deliveries`],
    ['POST', `/v1/webhooks/${webhook}/deliveries/d000000000001:redeliver`],
  ];
  for (const [method, path, headers] of attempts) {
    const authorization = `Bearer ${await other.token()}`;
    const { status } = await fetch(other.url + path, { method, headers: { authorization, ...headers } });
    expect([method, path, status]).toEqual([method, path, 404]);
  }
  for (const path of ['/v1/runs', '/v1/artifacts', '/v1/webhooks', '/v1/runs?tenant=acme']) {
    const authorization = `Bearer ${await other.token()}`;
    const text = await (await fetch(other.url + path, { headers: { authorization } })).text();
    for (const secret of [id, artifact, webhook]) expect([path, text.includes(secret)]).toEqual([path, false]);
  }
  expect((await ask(acme, 'GET', `/v1/runs/${id}`))[0]).toBe(200);
  process.stdout.write(`Other tenants' ids: ${attempts.length} requests, all 404\n`);
});
