import { setTimeout } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import type { NewClient, NewWebhook } from '@agent-forge/contracts';
import {
  checkConformance,
  describeReport,
  type ApiDescription,
  type ConformanceReport,
} from '@agent-forge/runtime/testing';
import {
  clientCredentials,
  createRun,
  createWebhook,
  listDeliveries,
  uploadDataset,
  type Connection,
} from '@agent-forge/sdk';
import { World } from '../testing/world.js';

const SEED = Number(process.env['FORGE_SEED'] ?? 7);
const REQUESTS = 6_000;
/** Rates would refuse most of it. */
const NO_RATES = Object.fromEntries(
  ['TENANT_READS', 'TENANT_WRITES', 'CLIENT_READS', 'CLIENT_WRITES'].map((name) => [`FORGE_${name}_PER_S`, '0']),
);

let world: World;
let report: ConformanceReport;
beforeAll(async () => {
  world = await World.create({ ...NO_RATES, FORGE_TENANT_OPEN_RUNS: '0' });
  const owner = await world.connect();
  const stranger = await world.connectAs('stranger', 'admin', 'other');
  const [forMetrics, forAudit] = [await weak('counter', 'metrics:read'), await weak('auditor', 'audit:read')];
  const { artifactId } = await uploadDataset(owner, textOf('some text'));
  const data = [{ name: 'text', artifactId }];
  const phases = [{ phase: 'cognate', params: { steps: 5 } }] as const;
  const webhooks = await Promise.all(
    [1, 2, 3].map((port) => createWebhook(owner, { url: `http://127.0.0.1:${port}/` })),
  );
  const run = await createRun(owner, { data, phases: [...phases] });
  const deliveries: string[] = [];
  for (const { id } of webhooks) deliveries.push(await deliveryOf(owner, id));
  report = await checkConformance({
    url: world.gateway.url,
    api: await document(owner),
    seed: SEED,
    requests: REQUESTS,
    callers: {
      owner: owner.token,
      stranger: stranger.token,
      unscoped: ({ path }) => (path === '/metrics' ? forAudit : forMetrics).token(),
    },
    known: {
      run: [run.id],
      webhook: webhooks.map(({ id }: NewWebhook) => id),
      delivery: deliveries,
      id: [artifactId],
      path: ['text.txt'],
      phase: ['cognate'],
      // Only what a page gave is a cursor.
      after: [],
    },
    owned: ['run', 'webhook', 'delivery', 'id'],
    bodies: {
      'POST /v1/runs': (rng) => ({ name: `run ${rng.int(1e6)}`, seed: rng.uint32(), data, phases }),
      'POST /v1/webhooks': (rng) => ({ url: `http://127.0.0.1:${1 + rng.int(60_000)}/`, events: ['run.completed'] }),
    },
    checkedFurther: {
      'POST /v1/models': [400, 415],
      'POST /v1/phases/{phase}/runs': [400],
      'POST /v1/runs/{run}:retry': [400],
      'POST /v1/runs/{run}:fork': [400],
    },
  });
  process.stdout.write(`\n${describeReport(report, SEED)}\n`);
}, 300_000);
afterAll(() => world?.destroy());

describe('answers conform to the OpenAPI document', () => {
  test('whatever is sent, valid or with one mistake', () => {
    const shown = report.findings.slice(0, 5).map(({ route, kind, ...rest }) => ({ seed: SEED, route, kind, ...rest }));
    expect(shown).toEqual([]);
  });

  test('to enough requests of every route, a good part of which are taken', () => {
    expect(report.sent).toBeGreaterThanOrEqual(REQUESTS);
    expect(Math.min(...Object.values(report.byRoute))).toBeGreaterThan(50);
    const taken = Object.entries(report.byStatus).filter(([status]) => Number(status) < 400);
    expect(taken.reduce((sum, [, count]) => sum + count, 0)).toBeGreaterThan(REQUESTS / 50);
  });
});

/** A delivery, once there is one: it is made when the run's first event comes by. */
async function deliveryOf(owner: Connection, webhook: string): Promise<string> {
  for (;;) {
    const { value, done } = await listDeliveries(owner, webhook).next();
    if (!done) return value.id;
    await setTimeout(50);
  }
}

async function document({ url, token }: Connection): Promise<ApiDescription> {
  const answer = await fetch(`${url}/docs/json`, { headers: { authorization: `Bearer ${await token()}` } });
  return (await answer.json()) as ApiDescription;
}

/** A client whose tokens are good for one thing. */
async function weak(id: string, scope: string): Promise<{ token: () => Promise<string> }> {
  const made = await world.manage('POST', '/v1/clients', { id, role: 'admin', scopes: [scope] });
  const { clientSecret } = made as NewClient;
  return { token: clientCredentials({ authUrl: world.authUrl, clientId: id, clientSecret }) };
}

async function* textOf(text: string): AsyncGenerator<Uint8Array> {
  yield Buffer.from(text);
}
