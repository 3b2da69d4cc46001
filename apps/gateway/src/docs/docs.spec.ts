import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { Validator } from '@seriousme/openapi-schema-validator';
import { Value } from '@sinclair/typebox/value';
import { PROBLEM_TYPE, type DeliveryView } from '@agent-forge/contracts';
import { phases } from '@agent-forge/phases';
import {
  createRun,
  createWebhook,
  listDeliveries,
  getArtifact,
  getRun,
  listArtifacts,
  listPhases,
  uploadDataset,
  type Connection,
} from '@agent-forge/sdk';
import { OPEN_ROUTES } from '../auth/routes.js';
import { World } from '../testing/world.js';
import { SCHEMAS } from './schemas.js';

interface Operation {
  summary?: string;
  operationId?: string;
  security?: object[];
  parameters?: { name: string }[];
  requestBody?: { content: Record<string, { schema?: object }> };
  responses: Record<string, { description?: string; content?: Record<string, { schema?: object }> }>;
}

let world: World;
let client: Connection;
let basic: string;
beforeAll(async () => {
  world = await World.create();
  client = await world.connect();
  const { clientId, clientSecret } = await world.credentials();
  basic = `Basic ${Buffer.from(`${clientId}:${clientSecret}`).toString('base64')}`;
});
afterAll(() => world?.destroy());

const get = (path: string, authorization = basic) => fetch(client.url + path, { headers: { authorization } });

async function operations(): Promise<[string, Operation][]> {
  const { paths } = (await (await get('/docs/json')).json()) as { paths: Record<string, Record<string, Operation>> };
  return Object.entries(paths).flatMap(([path, item]) =>
    Object.entries(item).map(([method, operation]): [string, Operation] => [
      `${method.toUpperCase()} ${path}`,
      operation,
    ]),
  );
}

describe('the OpenAPI document', () => {
  test('says of every route what it is for, what comes back, what can go wrong and who may ask', async () => {
    const ids = new Set<string>();
    for (const [route, { summary, operationId, security, responses, parameters = [] }] of await operations()) {
      const isOpen = OPEN_ROUTES.includes(route.split(' ')[1]!);
      expect([route, typeof operationId]).toEqual([route, 'string']);
      expect([route, ids.has(operationId!)]).toEqual([route, false]);
      ids.add(operationId!);
      const good = Object.entries(responses).filter(([status]) => status.startsWith('2'));
      expect([route, good.length > 0]).toEqual([route, true]);
      for (const [status, { content = {} }] of good) {
        const described = status === '204' || Object.values(content).some(({ schema }) => schema !== undefined);
        expect([route, status, described]).toEqual([route, status, true]);
      }
      expect([route, security]).toEqual([route, isOpen ? [] : expect.arrayContaining([{ bearer: [] }])]);
      if (isOpen) continue;
      expect([route, Boolean(summary)]).toEqual([route, true]);
      for (const status of ['401', '500', '503'])
        expect([route, Object.keys(responses)]).toEqual([route, expect.arrayContaining([status])]);
      for (const [status, { content = {} }] of Object.entries(responses).filter(([s]) => Number(s) >= 400))
        expect([route, status, content[PROBLEM_TYPE]?.schema]).toEqual([
          route,
          status,
          expect.objectContaining({ $ref: '#/components/schemas/Problem' }),
        ]);
      const named = [...route.matchAll(/\{(\w+)\}/g)].map(([, name]) => name);
      expect([route, parameters.map(({ name }) => name)]).toEqual([route, expect.arrayContaining(named)]);
    }
  });

  test('is one by the specification, in the judgement of a validator that is not ours', async () => {
    const document = (await (await get('/docs/json')).json()) as never;
    expect(await new Validator().validate(document)).toMatchObject({ valid: true });
  });

  test('refers to nothing that it does not have', async () => {
    const text = await (await get('/docs/json')).text();
    const { components, openapi } = JSON.parse(text) as { openapi: string; components: { schemas: object } };
    expect(openapi).toBe('3.1.0');
    const names = [...text.matchAll(/"#\/components\/schemas\/(\w+)"/g)].map(([, name]) => name!);
    expect(Object.keys(components.schemas)).toEqual(expect.arrayContaining(names));
    expect(text).not.toMatch(/"\$ref":"(?!#\/components\/schemas\/)/);
  });

  test('describes bodies that are sent', async () => {
    for (const [route, { requestBody }] of await operations()) {
      if (!route.startsWith('POST')) continue;
      for (const [type, { schema }] of Object.entries(requestBody?.content ?? {}))
        expect([route, type, schema !== undefined]).toEqual([route, type, true]);
    }
    const uploads = Object.fromEntries(await operations());
    expect(Object.keys(uploads['POST /v1/models']!.requestBody!.content)).toEqual(['multipart/form-data']);
    expect(Object.keys(uploads['POST /v1/datasets']!.requestBody!.content)).toEqual([
      'multipart/form-data',
      'text/plain',
    ]);
  });

  test('says what really comes back', async () => {
    const uploaded = await uploadDataset(
      client,
      (async function* () {
        yield Buffer.from('some text');
      })(),
    );
    const data = [{ name: 'text', artifactId: uploaded.artifactId }];
    const webhook = await createWebhook(client, { url: 'http://127.0.0.1:1/' });
    const run = await createRun(client, { data, phases: [{ phase: 'cognate' }] });
    const bearer = `Bearer ${await client.token()}`;
    let delivery: DeliveryView | undefined;
    while (!delivery?.attempts.length) delivery = (await listDeliveries(client, webhook.id).next()).value;
    const problem = await (await get('/v1/runs/none', bearer)).json();
    const answers: [keyof typeof SCHEMAS, unknown][] = [
      ['UploadView', uploaded],
      ['RunView', run],
      ['RunView', await getRun(client, run.id)],
      ['RunList', await (await get('/v1/runs', bearer)).json()],
      ['Health', await (await get('/health')).json()],
      ['Health', await (await get('/ready')).json()],
      ['Manifest', await getArtifact(client, uploaded.artifactId)],
      ['ArtifactList', await listArtifacts(client)],
      ['PhaseList', await listPhases(client)],
      ['NewWebhook', webhook],
      ['WebhookView', await (await get(`/v1/webhooks/${webhook.id}`, bearer)).json()],
      ['WebhookList', await (await get('/v1/webhooks', bearer)).json()],
      ['DeliveryList', await (await get(`/v1/webhooks/${webhook.id}/deliveries`, bearer)).json()],
      ['DeliveryView', delivery],
      ['AuditPage', await (await get('/v1/audit', bearer)).json()],
      ['Problem', problem],
    ];
    for (const [name, answer] of answers) {
      // TypeBox checks no formats by itself; the fields that have one are texts.
      const problems = [...Value.Errors(SCHEMAS[name], answer)].filter(
        ({ message }) => !/Unknown format/.test(message),
      );
      expect([name, problems.map(({ path, message }) => `${path} ${message}`)]).toEqual([name, []]);
    }
  });
});

describe('phases', () => {
  test('describe themselves: every parameter has its meaning, and its default where it has one', async () => {
    const listed = (await listPhases(client)).phases;
    expect(listed.map(({ name }) => name)).toEqual(phases.map(({ name }) => name));
    for (const { name, summary, params, produces } of listed) {
      expect([name, summary !== '', produces.length > 0]).toEqual([name, true, true]);
      expect(params).toMatchObject({ type: 'object', additionalProperties: false });
      for (const [field, schema] of Object.entries(params['properties'] as Record<string, { description?: string }>))
        expect([name, field, schema.description]).toEqual([name, field, expect.any(String)]);
    }
    const bearer = `Bearer ${await client.token()}`;
    expect(await (await get('/v1/phases/cognate', bearer)).json()).toEqual(JSON.parse(JSON.stringify(listed[0])));
    for (const name of ['none', '__proto__', '..%2fx'])
      expect((await get(`/v1/phases/${name}`, bearer)).status).toBe(404);
  });
});

describe('the page', () => {
  test('lets a browser in with id and secret of a client, and asks others for them', async () => {
    const page = await get('/docs');
    expect([page.status, page.headers.get('content-type')]).toEqual([200, 'text/html; charset=utf-8']);
    const policy = page.headers.get('content-security-policy')!;
    expect(policy).toMatch(/default-src 'none'; script-src 'self'; style-src 'self'/);
    expect(policy).not.toMatch(/unsafe|https?:/);
    for (const wrong of ['', 'Basic', 'Basic eDp5', 'Basic !!', `${basic}x`, 'Bearer x']) {
      const answer = await get('/docs', wrong);
      expect([wrong, answer.status]).toEqual([wrong, 401]);
      const asks = wrong.startsWith('Bearer') ? 'Bearer' : 'Basic realm="Agent Forge", charset="UTF-8"';
      expect(answer.headers.get('www-authenticate')).toBe(asks);
    }
    expect((await get('/docs', `Bearer ${await client.token()}`)).status).toBe(200);
  });

  test('has nothing inline and nothing from elsewhere, and all its files are here', async () => {
    const html = await (await get('/docs')).text();
    expect(html).not.toMatch(/style="|<style|<script>|onload|https?:\/\//);
    const files = [...html.matchAll(/(?:src|href)="(\/[^"]*)"/g)].map(([, path]) => path!);
    expect(files).toHaveLength(3);
    for (const path of files) {
      const answer = await get(path);
      expect([path, answer.status, (await answer.text()).length > 50]).toEqual([path, 200, true]);
      expect(answer.headers.get('content-type')).toMatch(path.endsWith('.css') ? /^text\/css/ : /^text\/javascript/);
    }
    for (const name of ['index.html', '..%2fpackage.json', '__proto__', 'x'])
      expect([name, (await get(`/docs/ui/${name}`)).status]).toEqual([name, 404]);
  });

  test('is the only thing that takes a secret for a token', async () => {
    for (const path of ['/v1/runs', '/v1/artifacts', '/v1/phases']) {
      const answer = await get(path);
      expect([path, answer.status, answer.headers.get('www-authenticate')]).toEqual([path, 401, 'Bearer']);
    }
  });
});
