import { createServer } from 'node:http';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import type { NewWebhook, Problem, RunList, RunView } from '@agent-forge/contracts';
import { ANSWER_BUCKET, NatsRecords } from '@agent-forge/nats';
import { createRun, forkRun, uploadDataset, type Connection } from '@agent-forge/sdk';
import { World } from '../testing/world.js';
import { FirstAnswers, type Attempt } from './first-answers.js';

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

const recipe = (name: string) => ({
  name,
  data: [{ name: 'text', artifactId }],
  phases: [{ phase: 'cognate' as const, params: { steps: 5 } }],
});

interface Asked {
  status: number;
  body: string;
  location: string | null;
  replayed: string | null;
  retryAfter: string | null;
}

async function post(path: string, body: object | string, key?: string, as = client): Promise<Asked> {
  const answer = await fetch(as.url + path, {
    method: 'POST',
    headers: {
      authorization: `Bearer ${await as.token()}`,
      'content-type': 'application/json',
      ...(key === undefined ? {} : { 'idempotency-key': key }),
    },
    body: typeof body === 'string' ? body : JSON.stringify(body),
  });
  const { status, headers } = answer;
  return {
    status,
    body: await answer.text(),
    location: headers.get('location'),
    replayed: headers.get('idempotency-replayed'),
    retryAfter: headers.get('retry-after'),
  };
}

const codeOf = ({ body }: Asked) => (JSON.parse(body) as Problem).code;

async function countNamed(name: string, as = client): Promise<number> {
  const headers = { authorization: `Bearer ${await as.token()}` };
  const { runs } = (await (await fetch(`${as.url}/v1/runs?limit=200`, { headers })).json()) as RunList;
  return runs.filter((run) => run.name === name).length;
}

describe('a request with an Idempotency-Key', () => {
  test('is done once, and every repetition gets the first answer word for word, also after the gateway restarted', async () => {
    const first = await post('/v1/runs', recipe('once'), 'key-once');
    expect([first.status, first.replayed]).toEqual([202, null]);
    const again = await post('/v1/runs', recipe('once'), '"key-once"');
    expect(again).toEqual({ ...first, replayed: 'true' });
    await world.log.execute('main', (JSON.parse(first.body) as RunView).id, {
      do: 'claim',
      phase: 'cognate',
      worker: 'w',
    });
    await world.restart();
    expect(await post('/v1/runs', recipe('once'), 'key-once')).toEqual({ ...first, replayed: 'true' });
    expect(await countNamed('once')).toBe(1);
  });

  test('is done once when it comes many times at the same moment; those that come too early are told to wait', async () => {
    const answers = await Promise.all(Array.from({ length: 12 }, () => post('/v1/runs', recipe('crowd'), 'key-crowd')));
    expect(await countNamed('crowd')).toBe(1);
    const good = answers.filter(({ status }) => status === 202);
    expect(good.length).toBeGreaterThan(0);
    expect(new Set(good.map(({ body }) => body)).size).toBe(1);
    for (const early of answers.filter(({ status }) => status !== 202))
      expect([early.status, codeOf(early), early.retryAfter]).toEqual([409, 'IDEMPOTENCY_KEY_IN_USE', '1']);
  });

  test('refuses another body, and another run, under the same key', async () => {
    const { body } = await post('/v1/runs', recipe('reused'), 'key-reused');
    const other = await post('/v1/runs', recipe('reused otherwise'), 'key-reused');
    expect([other.status, codeOf(other)]).toEqual([422, 'IDEMPOTENCY_KEY_REUSED']);
    expect(await countNamed('reused otherwise')).toBe(0);
    const { id } = JSON.parse(body) as RunView;
    const { id: second } = JSON.parse((await post('/v1/runs', recipe('second'))).body) as RunView;
    expect((await post(`/v1/runs/${id}:cancel`, {}, 'key-reused')).status).toBe(200);
    expect((await post(`/v1/runs/${second}:cancel`, {}, 'key-reused')).status).toBe(422);
  });

  test('shares its key with no other caller and no other tenant', async () => {
    const mine = await post('/v1/webhooks', { url: 'http://127.0.0.1:1/a' }, 'key-shared');
    for (const [id, tenant] of [
      ['colleague', 'main'],
      ['stranger', 'other'],
    ] as const) {
      const theirs = await post(
        '/v1/webhooks',
        { url: 'http://127.0.0.1:1/b' },
        'key-shared',
        await world.connectAs(id, 'admin', tenant),
      );
      expect([theirs.status, theirs.replayed]).toEqual([201, null]);
      expect((JSON.parse(theirs.body) as NewWebhook).id).not.toBe((JSON.parse(mine.body) as NewWebhook).id);
    }
  });

  test('that was refused leaves its key free', async () => {
    expect((await post('/v1/runs', { ...recipe('wrong'), seed: -1 }, 'key-wrong')).status).toBe(400);
    expect((await post('/v1/runs', recipe('right'), 'key-wrong')).status).toBe(202);
  });

  test.each<[string, string]>([
    ['an empty one', ''],
    ['one that is too long', 'x'.repeat(129)],
    ['two', 'a, b'],
    ['half a quote', '"a'],
    ['what a subject of the broker would obey', '*'],
    ['a blank', 'a b'],
  ])('is refused when the key is %s', async (_, key) => {
    const answer = await post('/v1/runs', recipe('never'), key);
    expect([answer.status, codeOf(answer)]).toEqual([400, 'INVALID_ARGUMENT']);
    expect(await countNamed('never')).toBe(0);
  });

  test('whose body is nested deep is refused like any other', async () => {
    const answer = await post('/v1/runs', '['.repeat(30_000) + ']'.repeat(30_000), 'key-deep');
    expect([answer.status, codeOf(answer)]).toEqual([400, 'INVALID_ARGUMENT']);
  });
});

describe('a first try that never ended', () => {
  test('leaves its id to the next try, which makes nothing second', async () => {
    const answers = new FirstAnswers(await NatsRecords.open(world.broker.connection, ANSWER_BUCKET));
    const first = (await answers.begin('main.crash', 'what')) as Attempt;
    await expect(answers.begin('main.crash', 'what')).rejects.toMatchObject({ code: 'IDEMPOTENCY_KEY_IN_USE' });
    await first.failed(false);
    await expect(answers.begin('main.crash', 'else')).rejects.toMatchObject({ code: 'IDEMPOTENCY_KEY_REUSED' });
    const second = (await answers.begin('main.crash', 'what')) as Attempt;
    expect(second.made).toEqual({ id: first.made.id, isSecondTry: true });
    const answer = { status: 202, body: '{}' };
    await second.answered(answer);
    // The first comes too late.
    await first.answered({ status: 500, body: '{}' });
    expect(await answers.begin('main.crash', 'what')).toEqual({ answer });
  });
});

test('the client sends a submission again when its connection breaks, and there is one run', async () => {
  let seen = 0;
  const keys = new Set<unknown>();
  const between = createServer((request, response) => {
    const parts: Buffer[] = [];
    request.on('data', (part: Buffer) => parts.push(part));
    request.on('end', async () => {
      const { 'idempotency-key': key, authorization } = request.headers;
      keys.add(key);
      const headers = {
        authorization: authorization!,
        'content-type': 'application/json',
        'idempotency-key': String(key),
      };
      const answer = await fetch(client.url + request.url, { method: 'POST', headers, body: Buffer.concat(parts) });
      const body = await answer.text();
      // The first answer is lost on its way.
      if (++seen === 1) request.socket.destroy();
      else response.writeHead(answer.status, { 'content-type': 'application/json' }).end(body);
    });
  }).listen(0, '127.0.0.1');
  await once(between, 'listening');
  const url = `http://127.0.0.1:${(between.address() as AddressInfo).port}`;
  const run = await createRun({ ...client, url }, recipe('broken line'));
  between.close();
  between.closeAllConnections();
  expect([run.name, seen, keys.size]).toEqual(['broken line', 2, 1]);
  expect(await countNamed('broken line')).toBe(1);
  expect((await forkRun(client, run.id, { phase: 'cognate' })).id).not.toBe(run.id);
});
