import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import type { NewClient, TokenAnswer } from '@agent-forge/contracts';
import {
  checkConformance,
  describeReport,
  type ApiDescription,
  type ConformanceReport,
} from '@agent-forge/runtime/testing';
import { PASSWORD, World } from '../testing/world.js';

const SEED = Number(process.env['FORGE_SEED'] ?? 7);
const REQUESTS = 4_000;
const ID = 'abcdefghijklmnopqrstuvwxyz0123456789';

let world: World;
let report: ConformanceReport;
beforeAll(async () => {
  world = await World.create();
  await world.ask('POST', '/v1/tenants', { token: await world.token(), json: { id: 'other' } });
  const stranger = await world.makeClient('stranger', 'admin', 'other');
  const [forMetrics, forDocs] = [await weak('counter', 'metrics:read'), await weak('reader', 'runs:read')];
  const caller = await world.makeClient('caller', 'viewer');
  // Nobody else changes these.
  await world.makeUser('login');
  for (const user of ['ada', 'grace', 'edsger']) await world.makeUser(user);
  for (const client of ['one', 'two', 'three']) await world.makeClient(client, 'builder');
  const owner = await world.token();
  report = await checkConformance({
    url: world.auth.url,
    api: (await world.ask<ApiDescription>('GET', '/docs/json', { token: owner })).body,
    seed: SEED,
    requests: REQUESTS,
    // Passwords are hashed one after the other, and too many at once are refused.
    concurrency: 4,
    callers: {
      owner: async () => owner,
      stranger: () => world.token('stranger', stranger),
      unscoped: ({ path }) => (path === '/metrics' ? forDocs() : forMetrics()),
    },
    known: { user: ['ada', 'grace', 'edsger'], client: ['one', 'two', 'three'], key: [], tenant: [] },
    owned: ['user', 'client', 'key'],
    bodies: {
      'POST /v1/users': (rng) => ({ id: idOf(rng), role: 'viewer', password: PASSWORD }),
      'POST /v1/clients': (rng) => ({ id: idOf(rng), role: 'viewer', scopes: ['runs:read'] }),
      'POST /v1/keys': (rng) => ({ name: `key ${rng.int(1e6)}`, scopes: ['runs:read'], days: 1 + rng.int(366) }),
      'POST /v1/users/{user}:password': () => ({ password: `${PASSWORD} again` }),
      'POST /v1/login': () => ({ user: 'login', password: PASSWORD }),
      'POST /oauth/token': () => ({ grant_type: 'client_credentials', client_id: 'caller', client_secret: caller }),
    },
    checkedFurther: {
      // Nobody has a hundred keys.
      'POST /v1/keys': [400],
      // A client has no password.
      'POST /v1/me/password': [403, 429],
      'POST /v1/login': [429],
      'POST /v1/users': [429],
    },
  });
  process.stdout.write(`\n${describeReport(report, SEED)}\n`);
}, 600_000);
afterAll(() => world?.destroy());

function idOf(rng: { int(limit: number): number }): string {
  return Array.from({ length: 12 }, () => ID[rng.int(ID.length)]).join('');
}

/** A client whose tokens are good for one thing. */
async function weak(id: string, scope: string): Promise<() => Promise<string>> {
  const json = { id, role: 'admin', scopes: [scope] };
  const { body } = await world.ask<NewClient>('POST', '/v1/clients', { token: await world.token(), json });
  const { body: granted } = (await world.forSecret(id, body.clientSecret)) as { body: TokenAnswer };
  return async () => granted.access_token;
}

describe('answers of the auth service conform to its OpenAPI document', () => {
  test('whatever is sent, valid or with one mistake', () => {
    const shown = report.findings.slice(0, 5).map(({ route, kind, ...rest }) => ({ seed: SEED, route, kind, ...rest }));
    expect(shown).toEqual([]);
  });

  test('to enough requests of every route, a good part of which are taken', () => {
    expect(report.sent).toBeGreaterThanOrEqual(REQUESTS);
    expect(Math.min(...Object.values(report.byRoute))).toBeGreaterThan(30);
    const taken = Object.entries(report.byStatus).filter(([status]) => Number(status) < 400);
    expect(taken.reduce((sum, [, count]) => sum + count, 0)).toBeGreaterThan(REQUESTS / 20);
  });
});
