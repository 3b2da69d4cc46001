import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { jetstream } from '@nats-io/jetstream';
import type { Problem, RunRequest } from '@agent-forge/contracts';
import { cancelRun, createRun, getRun, listRuns, uploadDataset, type Connection } from '@agent-forge/sdk';
import { World } from '../testing/world.js';

let world: World;
let client: Connection;
let artifactId: string;
beforeAll(async () => {
  world = await World.create();
  client = await world.connect();
  ({ artifactId } = await uploadDataset(client, textOf('Some text.\n')));
});
afterAll(() => world?.destroy());

async function* textOf(text: string): AsyncGenerator<Uint8Array> {
  yield Buffer.from(text);
}

const request = (): RunRequest => ({
  name: 'a run',
  seed: 7,
  data: [{ name: 'text', artifactId }],
  phases: [{ phase: 'cognate', params: { steps: 5 } }, { phase: 'evomerge' }],
});

describe('a run', () => {
  test.each([
    ['a name', { name: 'half \ud800' }, /half a surrogate pair/],
    ['a key of the parameters', { phases: [{ phase: 'cognate', params: { '\udc00': 1 } }] }, /half a surrogate pair/],
    ['a name with a line feed', { name: 'two\nlines' }, /name: must be one line without control characters/],
    ['a name that a terminal obeys', { name: '\u001b[31mred' }, /name: must be one line/],
  ])('with %s that no reader could take is refused before it is in the log', async (_, broken, message) => {
    await expect(createRun(client, { ...request(), ...broken } as RunRequest)).rejects.toMatchObject({
      code: 'INVALID_ARGUMENT',
      message: expect.stringMatching(message),
    });
  });

  test('is not cancelled for a reason that is no text', async () => {
    const { id } = await createRun(client, request());
    await expect(cancelRun(client, id, '\ud800')).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' });
    expect((await getRun(client, id)).status).toBe('running');
  });

  test('is accepted, and is the same in every answer and in the log', async () => {
    const created = await createRun(client, request());
    expect(created).toMatchObject({
      status: 'running',
      name: 'a run',
      seed: 7,
      requestedBy: 'admin',
      phases: [
        { phase: 'cognate', status: 'waiting' },
        { phase: 'evomerge', status: 'waiting' },
      ],
    });
    expect(await getRun(client, created.id)).toEqual(created);
    const listed = [];
    for await (const run of listRuns(client)) listed.push(run);
    expect(listed).toContainEqual(created);
    const { state } = await world.log.load('main', created.id);
    expect(state?.recipe.phases[0]?.params).toEqual({ steps: 5 });
  });

  test('shows what the phases have appended to the log', async () => {
    const { id } = await createRun(client, request());
    await world.log.execute('main', id, { do: 'claim', phase: 'cognate', worker: 'w1' });
    const result = { artifacts: [{ id: 'a'.repeat(64), kind: 'model', role: 'trunk' }], metrics: { loss: 1.5 } };
    const completion = { do: 'complete', phase: 'cognate', attempt: 1, worker: 'w1', result } as const;
    await world.log.execute('main', id, completion as never);
    const run = await getRun(client, id);
    expect(run.phases[0]).toMatchObject({ status: 'completed', attempt: 1, ...result });
    expect(run.phases[1]).toMatchObject({ status: 'waiting', artifacts: [] });
  });

  test('is cancelled once, and cancelling it again changes nothing', async () => {
    const { id } = await createRun(client, request());
    const cancelled = await cancelRun(client, id, 'enough');
    expect(cancelled).toMatchObject({ status: 'cancelled', endedAt: expect.any(String) });
    expect(await cancelRun(client, id)).toEqual(cancelled);
  });

  test('of another tenant is not there at all', async () => {
    const { id } = await createRun(client, request());
    const other = await world.connectAs('stranger', 'admin', 'other');
    for (const look of [getRun(other, id), cancelRun(other, id)])
      await expect(look).rejects.toMatchObject({ code: 'NOT_FOUND' });
    const seen = [];
    for await (const run of listRuns(other)) seen.push(run);
    expect(seen).toEqual([]);
    expect((await getRun(client, id)).status).toBe('running');
  });

  test('stands in a list of pages, newest first, each run once', async () => {
    const made = [];
    for (let i = 0; i < 5; i++) made.push((await createRun(client, { ...request(), name: `page ${i}` })).id);
    const all = [];
    for await (const { id } of listRuns(client, 2)) all.push(id);
    expect(new Set(all).size).toBe(all.length);
    expect(all.slice(0, 5)).toEqual(made.reverse());
    expect(all).toEqual([...all].sort().reverse());
  });
});

describe('a request is refused with a problem that names what is wrong:', () => {
  const post = async (path: string, body: string, type = 'application/json') => {
    const authorization = `Bearer ${await client.token()}`;
    const headers = { authorization, 'content-type': type, 'x-request-id': 'req-1' };
    const answer = await fetch(`${client.url}${path}`, { method: 'POST', headers, body });
    return { answer, problem: (await answer.json()) as Problem };
  };
  const phases = [{ phase: 'cognate' }];
  const recipe = (change: object) => JSON.stringify({ ...request(), ...change });

  test.each<[string, () => string, RegExp]>([
    ['no phases', () => '{}', /^phases: /],
    ['an empty list of phases', () => recipe({ phases: [] }), /^phases: is empty/],
    ['phases that are no list', () => recipe({ phases: { 0: 'cognate' } }), /^phases: must be a list/],
    ['a phase that is no object', () => recipe({ phases: ['cognate'] }), /^phases/],
    ['a phase that is null', () => recipe({ phases: [null] }), /^phases/],
    ['an unknown phase', () => recipe({ phases: [{ phase: 'nirvana' }] }), /phases\[0\]\.phase "nirvana" is unknown/],
    ['a phase twice', () => recipe({ phases: [...phases, ...phases] }), /stands in the recipe twice/],
    [
      'phases in an order that cannot work',
      () => recipe({ phases: [{ phase: 'evomerge' }] }),
      /evomerge reads .*model/,
    ],
    ['an unknown field', () => recipe({ priority: 1 }), /^priority: .*should not exist/],
    [
      'an unknown field deep inside',
      () => recipe({ data: [{ name: 'a', artifactId, path: '/etc/passwd' }] }),
      /^data\[0\]\.path: /,
    ],
    [
      'an unknown parameter',
      () => recipe({ phases: [{ phase: 'cognate', params: { speed: 1 } }] }),
      /parameter speed of cognate is unknown/,
    ],
    [
      'a parameter out of range',
      () => recipe({ phases: [{ phase: 'cognate', params: { seeds: 99 } }] }),
      /parameter seeds of cognate/,
    ],
    ['parameters that are a list', () => recipe({ phases: [{ phase: 'cognate', params: [] }] }), /params/],
    ['a seed that is no number', () => recipe({ seed: '7' }), /^seed: /],
    ['a seed that is too large', () => recipe({ seed: 2 ** 32 }), /^seed: must be at most/],
    ['no data for a phase that reads some', () => recipe({ data: [] }), /cognate learns from task families or data/],
    ['a data name that is a path', () => recipe({ data: [{ name: '../x', artifactId }] }), /^data\[0\]\.name: /],
    [
      'an artifact that is no digest',
      () => recipe({ data: [{ name: 'x', artifactId: '*' }] }),
      /^data\[0\]\.artifactId: /,
    ],
    ['a name that is too long', () => recipe({ name: 'x'.repeat(201) }), /^name: is over 200/],
    ['no JSON', () => '{"phases":', /JSON/],
    ['nothing', () => '', /body|phases/i],
    ['a list', () => '[]', /phases|body/],
    ['a prototype', () => '{"__proto__":{"polluted":true},"phases":[]}', /JSON|proto/i],
    [
      'a body that is nested deep',
      () => `{"phases":[{"phase":"cognate","params":${'{"a":'.repeat(5_000)}1${'}'.repeat(5_000)}}]}`,
      /nested more than/,
    ],
  ])('%s', async (_, body, detail) => {
    const { answer, problem } = await post('/v1/runs', body());
    expect([answer.status, problem.code, problem.detail]).toEqual([
      400,
      'INVALID_ARGUMENT',
      expect.stringMatching(detail),
    ]);
    expect(answer.headers.get('content-type')).toMatch(/^application\/problem\+json/);
    expect([problem.requestId, answer.headers.get('x-request-id')]).toEqual(['req-1', 'req-1']);
    expect(Object.prototype).not.toHaveProperty('polluted');
  });

  test.each<[string, string, string, number, string]>([
    ['a body of another type', recipe({}), 'text/plain', 415, 'UNSUPPORTED_FORMAT'],
    ['a body of an unknown type', recipe({}), 'application/x-yaml', 415, 'UNSUPPORTED_FORMAT'],
    [
      'a body that is too large',
      JSON.stringify({ name: 'x'.repeat(70_000) }),
      'application/json',
      413,
      'PAYLOAD_TOO_LARGE',
    ],
  ])('%s', async (_, body, type, status, code) => {
    const { answer, problem } = await post('/v1/runs', body, type);
    expect([answer.status, problem.code]).toEqual([status, code]);
  });

  test('an artifact that is not there, and one that is no data set', async () => {
    const missing = createRun(client, { ...request(), data: [{ name: 'x', artifactId: 'f'.repeat(64) }] });
    await expect(missing).rejects.toMatchObject({ code: 'ARTIFACT_NOT_FOUND' });
  });

  test('a name that no run can have, and pages that make no sense', async () => {
    for (const name of ['nope', 'A', '*', '>', 'a.b', '..%2f..', 'x'.repeat(200), '%00', '__proto__']) {
      await expect(getRun(client, name)).rejects.toMatchObject({ code: 'NOT_FOUND' });
    }
    const headers = { authorization: `Bearer ${await client.token()}` };
    for (const query of ['limit=0', 'limit=1e9', 'limit=x', 'after=..', 'limit=1&limit=2', 'sort=name']) {
      expect([query, (await fetch(`${client.url}/v1/runs?${query}`, { headers })).status]).toEqual([query, 400]);
    }
  });
});

describe('a message of the log that cannot be read', () => {
  test('is skipped and counted, and the run that it is about goes on', async () => {
    const { id } = await createRun(client, request());
    await jetstream(world.broker.connection).publish(`forge.events.main.${id}.run.cancelled.none`, '{"what":');
    const counted = async () => {
      const headers = { authorization: `Bearer ${await client.token()}` };
      const text = await (await fetch(`${client.url}/metrics`, { headers })).text();
      return /^forge_unreadable_events_total\{service="gateway"\} (\d+)$/m.exec(text)?.[1];
    };
    for (let i = 0; i < 100 && (await counted()) !== '1'; i++) await sleep(50);
    expect(await counted()).toBe('1');
    expect(await getRun(client, id)).toMatchObject({ status: 'running' });
    expect((await cancelRun(client, id)).status).toBe('cancelled');
  });
});
