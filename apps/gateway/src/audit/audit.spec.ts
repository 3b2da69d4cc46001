import { readFile } from 'node:fs/promises';
import { jetstreamManager } from '@nats-io/jetstream';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { verifyAuditChain, type AuditEvent, type AuditPage, type Problem } from '@agent-forge/contracts';
import { AUDIT_STREAM, NatsAuditLog } from '@agent-forge/nats';
import {
  cancelRun,
  createRun,
  listAudit,
  listRuns,
  uploadDataset,
  verifyAudit,
  type Connection,
} from '@agent-forge/sdk';
import { World } from '../testing/world.js';

/** What must never stand in a log or in a record, wherever a caller puts it. */
const MARKER = 'planted-secret-7f3a9c';

let world: World;
let client: Connection;
beforeAll(async () => {
  world = await World.create();
  client = await world.connect();
});
afterAll(() => world?.destroy());

async function events(): Promise<AuditEvent[]> {
  const all: AuditEvent[] = [];
  for await (const { entries } of listAudit(client)) all.push(...entries.flatMap(({ event }) => event ?? []));
  return all;
}

const ask = (path: string, init: RequestInit = {}) => fetch(client.url + path, { redirect: 'manual', ...init });
const bearer = async () => ({ authorization: `Bearer ${await client.token()}` });
const made: string[] = [];

async function makeRun(): Promise<string> {
  const text = (async function* () {
    yield Buffer.from('some text');
  })();
  const { artifactId } = await uploadDataset(client, text);
  const run = await createRun(client, { data: [{ name: 'text', artifactId }], phases: [{ phase: 'cognate' }] });
  made.push(run.id);
  return run.id;
}

describe('the audit log', () => {
  test('says who did what to which resource from where, for everything that changes something', async () => {
    const run = await makeRun();
    await cancelRun(client, run, MARKER);
    const done = (await events()).filter(({ outcome }) => outcome === 'done');
    expect(done.map(({ action, resource, status }) => [action, resource, status])).toEqual([
      ['POST /oauth/token', '/oauth/token', 200],
      ['POST /v1/datasets', expect.stringMatching(/^\/v1\/(datasets|artifacts)/), expect.any(Number)],
      ['POST /v1/runs', `/v1/runs/${run}`, 202],
      ['POST /v1/runs/{run}:cancel', `/v1/runs/${run}:cancel`, 200],
    ]);
    for (const event of done) expect(event).toMatchObject({ actor: 'admin', tenant: 'main', from: '127.0.0.1' });
  });

  test('has what was refused too, and every denial, with the request id of the answer; but nothing that was only read', async () => {
    const before = (await events()).length;
    for await (const run of listRuns(client)) expect(run.id).toBeDefined();
    await ask('/health');
    await ask('/v1/nothing', { method: 'POST', headers: await bearer() });
    expect(await events()).toHaveLength(before);
    const denied = await ask('/v1/runs?after=x');
    const refused = await ask('/v1/runs', { method: 'POST', headers: await bearer() });
    const forged = await ask('/v1/runs/abc:pause', { method: 'POST', headers: { authorization: 'Bearer a.b.c' } });
    const sought = await ask('/v1/runs/nobodys', { headers: await bearer() });
    expect([denied, refused, forged, sought].map(({ status }) => status)).toEqual([401, 400, 401, 404]);
    const added = (await events()).slice(before);
    expect(added.map(({ action, resource, outcome, actor }) => [action, resource, outcome, actor])).toEqual([
      ['GET /v1/runs', '/v1/runs', 'denied', undefined],
      ['POST /v1/runs', '/v1/runs', 'refused', 'admin'],
      ['POST /v1/runs/{run}:pause', '/v1/runs/abc:pause', 'denied', undefined],
      ['GET /v1/runs/{run}', '/v1/runs/nobodys', 'refused', 'admin'],
    ]);
    expect(added.map(({ requestId }) => requestId)).toEqual(
      [denied, refused, forged, sought].map(({ headers }) => headers.get('x-request-id')),
    );
  });

  test('names a caller only when the token is real, also where an answer comes from before the guard', async () => {
    const [, claims] = (await client.token()).split('.');
    const headers = { authorization: `Bearer e30.${claims}.e30`, 'content-type': 'application/json' };
    const answer = await ask('/v1/runs', { method: 'POST', headers, body: `{"name":"${'x'.repeat(70_000)}"}` });
    expect(answer.status).toBe(413);
    expect((await events()).at(-1)).toMatchObject({ outcome: 'refused', status: 413 });
    expect((await events()).at(-1)).not.toHaveProperty('actor');
  });

  test('keeps no secret, and neither do the logs, wherever one is planted', async () => {
    const token = await client.token();
    const { clientSecret } = await world.credentials();
    const json = { 'content-type': 'application/json', ...(await bearer()) };
    const plants: [string, RequestInit][] = [
      [`/v1/runs?token=${MARKER}`, {}],
      [`/v1/runs?access_token=${token}`, { method: 'POST', headers: json, body: '{}' }],
      [`/v1/runs/${token}`, {}],
      ['/v1/runs', { headers: { authorization: `Bearer ${MARKER}`, cookie: `s=${MARKER}`, 'x-api-key': MARKER } }],
      ['/docs', { headers: { authorization: `Basic ${Buffer.from(`admin:${MARKER}`).toString('base64')}` } }],
      ['/docs', { headers: { authorization: `Basic ${Buffer.from(`admin:${clientSecret}`).toString('base64')}` } }],
      ['/v1/runs', { method: 'POST', headers: json, body: JSON.stringify({ password: MARKER, phases: [] }) }],
      ['/v1/runs', { method: 'POST', headers: json, body: `{"name":"${MARKER}` }],
      ['/v1/runs', { method: 'POST', headers: { ...json, 'x-request-id': `${MARKER} x` }, body: '[]' }],
    ];
    for (const [path, init] of plants) expect((await ask(path, init)).status).not.toBe(500);
    const records = JSON.stringify(await events());
    const log = await readFile(world.logFile, 'utf8');
    expect(log.length).toBeGreaterThan(100);
    const encoded = Buffer.from(`admin:${MARKER}`).toString('base64');
    for (const secret of [MARKER, token, token.split('.')[2]!, clientSecret, encoded])
      expect([records.includes(secret), log.includes(secret)]).toEqual([false, false]);
  });

  test('shares records between requests that come together, and every answer finds its record in the log', async () => {
    const before = await verifyAudit(client);
    const headers = await bearer();
    const answers = await Promise.all(Array.from({ length: 50 }, () => ask('/v1/runs', { method: 'POST', headers })));
    const after = await verifyAudit(client);
    expect(after.events - before.events).toBe(50);
    process.stdout.write(`50 requests at once: ${after.records - before.records} records\n`);
    expect(after.records - before.records).toBeLessThan(25);
    const ids = new Set((await events()).map(({ requestId }) => requestId));
    expect(answers.every(({ headers }) => ids.has(headers.get('x-request-id')!))).toBe(true);
  });

  test('is a chain that a client can check, page by page, from a head that it kept', async () => {
    const known = (await verifyAudit(client)).head;
    await makeRun();
    const verdict = await verifyAudit(client, known);
    expect(verdict).not.toHaveProperty('fault');
    expect(verdict.readable).toBe(verdict.events);
    expect((await verifyAudit(client, { ...known, hash: 'f'.repeat(64) })).fault).toMatchObject({
      sequence: known.sequence,
    });
    const page = (await (await ask('/v1/audit?limit=2', { headers: await bearer() })).json()) as AuditPage;
    expect([page.records.length, page.next]).toEqual([2, 2]);
    for (const query of ['after=-1', 'after=x', 'limit=0', 'limit=1000', 'tenant=other'])
      expect([query, (await ask(`/v1/audit?${query}`, { headers: await bearer() })).status]).toEqual([query, 400]);
  });

  test('shows no event of another tenant, but enough to check the chain', async () => {
    const log = new NatsAuditLog(world.broker.connection);
    const [own] = await events();
    await log.append({ ...own!, id: 'foreign', tenant: 'other', resource: `/v1/runs/${MARKER}` });
    const answer = await ask('/v1/audit?limit=200', { headers: await bearer() });
    const text = await answer.text();
    expect(text).not.toContain(MARKER);
    const { records } = JSON.parse(text) as AuditPage;
    const verdict = await verifyAuditChain(
      (async function* () {
        yield* records;
      })(),
    );
    expect(verdict).toMatchObject({ records: records.length });
    expect(verdict).not.toHaveProperty('fault');
    expect(verdict.events - verdict.readable).toBe(1);
  });

  test('that is full stops changes and says so; reading goes on, and so does all once there is room', async () => {
    const manager = await jetstreamManager(world.broker.connection);
    const { max_bytes } = (await manager.streams.info(AUDIT_STREAM)).config;
    const before = await verifyAudit(client);
    await manager.streams.update(AUDIT_STREAM, { max_bytes: 1_000 });
    const refused = await ask('/v1/runs', { method: 'POST', headers: await bearer() });
    const problem = (await refused.json()) as Problem;
    expect([refused.status, problem.code]).toEqual([503, 'STORE_UNAVAILABLE']);
    expect(refused.headers.get('content-type')).toMatch(/^application\/problem\+json/);
    expect((await ask('/v1/runs', { headers: await bearer() })).status).toBe(200);
    await manager.streams.update(AUDIT_STREAM, { max_bytes });
    expect((await ask('/v1/runs', { method: 'POST', headers: await bearer() })).status).toBe(400);
    const after = await verifyAudit(client, before.head);
    expect(after).not.toHaveProperty('fault');
    expect(after.events).toBe(before.events + 1);
  });

  test('goes on behind a gateway that was started anew', async () => {
    await world.restart();
    await makeRun();
    expect(await verifyAudit(client)).not.toHaveProperty('fault');
    const resources = (await events()).map(({ resource }) => resource);
    for (const run of made) expect(resources).toContain(`/v1/runs/${run}`);
  });
});
