import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import type { NewWebhook, Problem, RunView } from '@agent-forge/contracts';
import { createRun, createWebhook, getRun, uploadDataset, type Connection } from '@agent-forge/sdk';
import { World } from '../testing/world.js';

let world: World;
let client: Connection;
let artifactId: string;
beforeAll(async () => {
  world = await World.create();
  client = await world.connect();
  const text = async function* () {
    yield Buffer.from('Some text.\n');
  };
  ({ artifactId } = await uploadDataset(client, text()));
});
afterAll(() => world?.destroy());

const newRun = (): Promise<RunView> =>
  createRun(client, { data: [{ name: 'text', artifactId }], phases: [{ phase: 'cognate', params: { steps: 5 } }] });

async function ask(method: string, path: string, headers: Record<string, string> = {}, body?: object) {
  const answer = await fetch(client.url + path, {
    method,
    headers: {
      authorization: `Bearer ${await client.token()}`,
      ...(body ? { 'content-type': 'application/json' } : {}),
      ...headers,
    },
    ...(body ? { body: JSON.stringify(body) } : {}),
  });
  const text = await answer.text();
  return { status: answer.status, text, etag: answer.headers.get('etag') ?? '' };
}

const codeOf = ({ text }: { text: string }) => (JSON.parse(text) as Problem).code;

describe('a run', () => {
  test('has a strong ETag that changes with it, and is not sent to whoever has it', async () => {
    const { id } = await newRun();
    const path = `/v1/runs/${id}`;
    const first = await ask('GET', path);
    expect([first.status, first.etag]).toEqual([200, expect.stringMatching(/^"\d+"$/)]);
    for (const tag of [first.etag, `W/${first.etag}`, `"x", ${first.etag}`, '*'])
      expect(await ask('GET', path, { 'if-none-match': tag })).toEqual({ status: 304, text: '', etag: first.etag });
    await world.log.execute('main', id, { do: 'claim', phase: 'cognate', worker: 'w' });
    const second = await ask('GET', path, { 'if-none-match': first.etag });
    expect([second.status, second.etag === first.etag]).toEqual([200, false]);
  });

  test.each([
    ['cancel', {}, 200],
    ['pause', {}, 200],
    ['retry', { phase: 'cognate' }, 200],
    ['fork', { phase: 'cognate' }, 201],
  ])('is not changed by :%s when it is another version than If-Match names', async (verb, body, good) => {
    const { id } = await newRun();
    const path = `/v1/runs/${id}`;
    const { etag: stale } = await ask('GET', path);
    // A phase that is being worked on can be retried and forked once it is done.
    const { state } = await world.log.execute('main', id, { do: 'claim', phase: 'cognate', worker: 'w' });
    const result = { artifacts: [{ id: 'a'.repeat(64), kind: 'model', role: 'trunk' }], metrics: {} };
    if (good === 201 || verb === 'retry')
      await world.log.execute('main', id, {
        do: 'complete',
        phase: 'cognate',
        attempt: 1,
        worker: 'w',
        result,
      } as never);
    const before = await getRun(client, id);
    for (const tag of [stale, `W/"${state.sequence}"`, '"x"', 'nonsense', '']) {
      const refused = await ask('POST', `${path}:${verb}`, { 'if-match': tag }, body);
      expect([tag, refused.status, codeOf(refused)]).toEqual([tag, 412, 'PRECONDITION_FAILED']);
    }
    expect(await getRun(client, id)).toEqual(before);
    const { etag } = await ask('GET', path);
    const done = await ask('POST', `${path}:${verb}`, { 'if-match': `"x", ${etag}` }, body);
    expect(done.status).toBe(good);
    if (verb !== 'fork') expect(done.etag).toBe((await ask('GET', path)).etag);
  });

  test('is changed by one of those who have read the same version', async () => {
    for (let round = 0; round < 10; round++) await race();
  });

  async function race(): Promise<void> {
    const { id } = await newRun();
    const { etag } = await ask('GET', `/v1/runs/${id}`);
    const all = await Promise.all(
      Array.from({ length: 8 }, (_, i) =>
        ask('POST', `/v1/runs/${id}:pause`, { 'if-match': etag }, { reason: `${i}` }),
      ),
    );
    expect(all.map(({ status }) => status).sort()).toEqual([200, ...Array.from({ length: 7 }, () => 412)]);
    expect((await ask('POST', `/v1/runs/${id}:resume`, { 'if-match': etag })).status).toBe(412);
    expect((await ask('POST', `/v1/runs/${id}:resume`, { 'if-match': '*' })).status).toBe(200);
  }
});

test('a webhook is removed by whoever means this one', async () => {
  const { id }: NewWebhook = await createWebhook(client, { url: 'http://127.0.0.1:1/' });
  const path = `/v1/webhooks/${id}`;
  const { etag } = await ask('GET', path);
  expect((await ask('GET', path, { 'if-none-match': etag })).status).toBe(304);
  expect((await ask('DELETE', path, { 'if-match': '"x"' })).status).toBe(412);
  expect((await ask('DELETE', path, { 'if-match': etag })).status).toBe(204);
  expect((await ask('GET', path)).status).toBe(404);
});
