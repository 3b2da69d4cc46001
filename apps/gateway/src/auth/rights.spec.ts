import { readFile } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { reaches, ROLES, SCOPES, type NewKey, type Problem, type Role } from '@agent-forge/contracts';
import { scopeOfRoute } from '@agent-forge/runtime';
import { createRun, uploadDataset, type Connection } from '@agent-forge/sdk';
import { World } from '../testing/world.js';
import { OPEN_ROUTES, RULES } from './routes.js';
import { askable } from '../testing/askable.js';

let world: World;
let clients: Record<Role, Connection>;
beforeAll(async () => {
  world = await World.create();
  const made = await Promise.all(ROLES.map(async (role) => [role, await world.connectAs(`a${role}`, role)] as const));
  clients = Object.fromEntries(made) as Record<Role, Connection>;
});
afterAll(() => world?.destroy());

const get = (path: string, authorization: string, init: RequestInit = {}) =>
  fetch(world.gateway.url + path, { ...init, headers: { authorization } });
const makeKey = async (json: object, as?: Connection) =>
  (await world.manage('POST', '/v1/keys', { name: 'k', ...json }, as)) as NewKey;

/** Asks until the answer has the status, no longer than the five seconds that are promised. @returns the last status */
async function becomes(status: number, path: string, authorization: string): Promise<number> {
  const untilMs = Date.now() + 5_000;
  for (;;) {
    const { status: seen } = await get(path, authorization);
    if (seen === status || Date.now() > untilMs) return seen;
    await sleep(50);
  }
}

describe('every route', () => {
  test('has a rule, and every rule a route', () => {
    const routes = askable(world.gateway.routes).filter(({ route }) => !OPEN_ROUTES.includes(route));
    const without = routes.filter(({ method, route }) => scopeOfRoute(RULES, method, route) === undefined);
    expect(without).toEqual([]);
    for (const path of Object.keys(RULES)) expect(routes.map(({ route }) => route).join(' ')).toContain(path);
  });

  test.each(ROLES)('answers 403 to a %s whose role does not reach it, and to no other', async (role) => {
    const routes = askable(world.gateway.routes).filter(({ route }) => !OPEN_ROUTES.includes(route));
    const authorization = `Bearer ${await clients[role].token()}`;
    let refused = 0;
    for (const { method, route, path } of routes) {
      const answer = await get(path, authorization, { method, redirect: 'manual' });
      await answer.body?.cancel();
      const isAllowed = reaches(role, SCOPES[scopeOfRoute(RULES, method, route)!]);
      expect([method, route, answer.status === 403]).toEqual([method, route, !isAllowed]);
      expect(answer.status).not.toBe(401);
      refused += isAllowed ? 0 : 1;
    }
    expect(refused > 0).toBe(role === 'viewer' || role === 'builder');
  });
});

describe('an API key', () => {
  test('is good for the routes of its scopes and no others, with its owner’s tenant', async () => {
    const { key } = await makeKey({ scopes: ['runs:read'] });
    const authorization = `Bearer ${key}`;
    expect((await get('/v1/runs', authorization)).status).toBe(200);
    for (const [method, path] of [
      ['POST', '/v1/runs'],
      ['GET', '/v1/artifacts'],
      ['GET', '/v1/audit'],
      ['GET', '/v1/webhooks'],
    ] as const) {
      const answer = await get(path, authorization, { method });
      expect([path, answer.status, ((await answer.json()) as Problem).code]).toEqual([path, 403, 'FORBIDDEN']);
    }
  });

  test('ends at the gateway within five seconds of its revocation, though it was just used', async () => {
    const { id, key } = await makeKey({ scopes: ['runs:read'] });
    expect((await get('/v1/runs', `Bearer ${key}`)).status).toBe(200);
    await world.manage('DELETE', `/v1/keys/${id}`);
    expect(await becomes(401, '/v1/runs', `Bearer ${key}`)).toBe(401);
  });

  test('goes on when its owner’s tokens end for another reason, with what the owner may now', async () => {
    const owner = await world.connectAs('owner', 'operator');
    const { key } = await makeKey({ scopes: ['runs:read', 'audit:read'] }, owner);
    expect((await get('/v1/audit', `Bearer ${key}`)).status).toBe(200);
    await world.manage('PATCH', '/v1/clients/owner', { role: 'viewer' });
    expect(await becomes(403, '/v1/audit', `Bearer ${key}`)).toBe(403);
    expect((await get('/v1/runs', `Bearer ${key}`)).status).toBe(200);
  });

  test.each([
    ['cut short', (key: string) => key.slice(0, -1)],
    ['with another secret', (key: string) => key.slice(0, 40) + (key[40] === 'A' ? 'B' : 'A') + key.slice(41)],
    ['in capitals', (key: string) => key.toUpperCase()],
    ['with something behind it', (key: string) => `${key} x`],
  ])('%s is refused', async (_, change) => {
    const { key } = await makeKey({ scopes: ['runs:read'] });
    const answer = await get('/v1/runs', `Bearer ${change(key)}`);
    expect([answer.status, ((await answer.json()) as Problem).code]).toEqual([401, 'UNAUTHENTICATED']);
  });

  test('stands in the audit log as its owner', async () => {
    const owner = await world.connectAs('keyowner', 'builder');
    const { key } = await makeKey({ scopes: ['runs:write'] }, owner);
    await get('/v1/runs', `Bearer ${key}`, { method: 'POST' });
    const page = await (await get('/v1/audit?limit=200', `Bearer ${await clients.operator.token()}`)).text();
    expect(page).toContain('"actor":"keyowner"');
    for (const text of [page, await readFile(world.logFile, 'utf8')]) expect(text.includes(key)).toBe(false);
  });
});

describe('a token that was just used', () => {
  test.each<[string, (id: string) => Promise<unknown>]>([
    ['is refused within five seconds when its client is disabled', (id) => change(id, { isDisabled: true })],
    ['is refused within five seconds when its client gets another role', (id) => change(id, { role: 'viewer' })],
    ['is refused within five seconds when its client is removed', (id) => world.manage('DELETE', `/v1/clients/${id}`)],
  ])('%s', async (_, end) => {
    const id = `gone${serial++}`;
    const authorization = `Bearer ${await (await world.connectAs(id, 'builder')).token()}`;
    expect((await get('/v1/runs', authorization)).status).toBe(200);
    await end(id);
    expect(await becomes(401, '/v1/runs', authorization)).toBe(401);
  });

  test('takes an event stream that is open with it', async () => {
    const id = `gone${serial++}`;
    const connection = await world.connectAs(id, 'builder');
    const bytes = (async function* () {
      yield Buffer.from('some text');
    })();
    const { artifactId } = await uploadDataset(connection, bytes);
    const data = [{ name: 'text', artifactId }];
    const run = await createRun(connection, { data, phases: [{ phase: 'cognate' }] });
    const answer = await get(`/v1/runs/${run.id}/events`, `Bearer ${await connection.token()}`);
    const reader = answer.body!.getReader();
    expect((await reader.read()).done).toBe(false);
    let isOpen = true;
    const end = (async () => {
      while (!(await reader.read()).done);
      isOpen = false;
    })();
    await sleep(2_500);
    expect(isOpen).toBe(true);
    await change(id, { isDisabled: true });
    await Promise.race([end, sleep(5_000)]);
    expect(isOpen).toBe(false);
  });

  let serial = 0;
  const change = (id: string, json: object) => world.manage('PATCH', `/v1/clients/${id}`, json);
});
