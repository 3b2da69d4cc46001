import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { jetstream, jetstreamManager } from '@nats-io/jetstream';
import type { EventOf, LogEvent } from '@agent-forge/contracts';
import { DEAD_HEADERS, DEAD_STREAM, readEvents } from '@agent-forge/nats';
import { World, fetchMetrics, METRICS_TOKEN } from './testing/world.js';

let world: World;
beforeAll(async () => {
  world = await World.create();
});
afterAll(() => world?.destroy());

const names = (events: LogEvent[]) => events.map(({ name, phase }) => (phase === 'run' ? name : `${name} ${phase}`));
const completions = (events: LogEvent[]) =>
  events.filter((e): e is EventOf<'phase.completed'> => e.name === 'phase.completed');

async function eventually(condition: () => boolean | Promise<boolean>, what: string): Promise<void> {
  for (let i = 0; i < 600; i++) {
    if (await condition()) return;
    await sleep(50);
  }
  throw new Error(`waited in vain until ${what}`);
}

async function firstProgress(run: string): Promise<void> {
  const filter = `forge.progress.t1.${run}.>`;
  for await (const { event } of readEvents(world.broker.connection, { stream: 'progress', filter }))
    if (event.name === 'phase.progress') return;
}

async function reportOf(id: string): Promise<string> {
  const { files } = await world.store.manifest(id);
  const parts: Uint8Array[] = [];
  for await (const part of world.store.readFile(files[0]!.digest)) parts.push(part);
  return Buffer.concat(parts).toString();
}

describe('a run of two services', () => {
  test('goes from one to the other; artifacts carry their lineage; progress is shown', async () => {
    await Promise.all([world.serve('first'), world.serve('second')]);
    const stages: unknown[] = [];
    const stop = new AbortController();
    const watching = (async () => {
      const filter = 'forge.progress.t1.chain.>';
      for await (const { event } of readEvents(world.broker.connection, {
        stream: 'progress',
        filter,
        signal: stop.signal,
      })) {
        if (event.name === 'phase.progress') stages.push(`${event.phase} ${event.data.stage} ${event.data.fraction}`);
      }
    })();
    await world.request('chain', { phase: 'first', params: { rounds: 4 } }, { phase: 'second' });
    const events = await world.end('chain');
    expect(names(events)).toEqual([
      'run.requested',
      'phase.started first',
      'phase.completed first',
      'phase.started second',
      'phase.completed second',
      'run.completed',
    ]);
    const [first, second] = completions(events);
    const manifest = await world.store.manifest(second!.data.artifacts[0]!.id);
    expect(manifest.lineage).toMatchObject({
      parents: [first!.data.artifacts[0]!.id],
      phase: 'second',
      params: { rounds: 3 },
      seed: 1,
    });
    expect(await reportOf(second!.data.artifacts[0]!.id)).toMatch(/^\{"digest":"[0-9a-f]{64}"\}$/);
    await eventually(
      () => stages.includes('first hash 1') && stages.includes('second hash 1'),
      'the last progress of both is seen',
    );
    stop.abort();
    await watching;
    expect(await world.unsettled('first')).toBe(0);
  });

  test('a second copy of a start event does no work twice', async () => {
    const before = await world.log.load('t1', 'chain');
    const manager = await jetstreamManager(world.broker.connection);
    const { seq, subject, data } = (await manager.direct.getMessage('FORGE_EVENTS', {
      seq: 1,
      next_by_subj: 'forge.events.t1.chain.>',
    }))!;
    expect(subject).toBe('forge.events.t1.chain.run.requested.first');
    await jetstream(world.broker.connection).publish(subject, data);
    await eventually(async () => (await world.unsettled('first')) === 0, 'the copy is settled');
    const after = await world.log.load('t1', 'chain');
    expect(after.state).toEqual({ ...before.state, sequence: after.sequence });
    expect(after.sequence).toBeGreaterThan(seq);
  });

  test('tells an orchestrator that it is alive and ready', async () => {
    const service = await world.serve('healthy');
    for (const path of ['health', 'ready']) {
      const response = await fetch(`${service.url}/${path}`);
      expect([path, response.status, ((await response.json()) as { status: string }).status]).toEqual([
        path,
        200,
        'ok',
      ]);
    }
  });
});

test('every route but health and readiness wants a token', async () => {
  const { url } = await world.serve('guarded');
  for (const authorization of ['', 'Bearer', 'Bearer wrong', METRICS_TOKEN])
    expect([authorization, (await fetch(`${url}/metrics`, { headers: { authorization } })).status]).toEqual([
      authorization,
      401,
    ]);
  expect((await fetchMetrics(url)).status).toBe(200);
  const closed = await world.serve('closed', { FORGE_METRICS_TOKEN: '' });
  expect((await fetchMetrics(closed.url)).status).toBe(401);
});

test('counts attempts by outcome, artifacts and the delay of the event loop', async () => {
  const service = await world.serve('counted');
  await world.request('counted', { phase: 'counted', params: { failures: 1, failBy: 'transient' } });
  const [completion] = completions(await world.end('counted'));
  const { files } = await world.store.manifest(completion!.data.artifacts[0]!.id);
  const bytes = files.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0);
  const metrics = async () => (await fetchMetrics(service.url)).text();
  await eventually(
    async () => (await metrics()).includes(`forge_artifact_bytes_total{service="counted"} ${bytes}`),
    'bytes',
  );
  const text = await metrics();
  expect(text).toContain('forge_attempts_total{service="counted"} 2\n');
  expect(text).toContain('forge_attempt_duration_seconds_count{service="counted",outcome="released"} 1\n');
  expect(text).toContain('forge_attempt_duration_seconds_count{service="counted",outcome="completed"} 1\n');
  expect(text).toContain('forge_redeliveries_total{service="counted"} 1\n');
  expect(text).toMatch(/^nodejs_eventloop_lag_p99_seconds\{service="counted"\} \d/m);
});

describe('errors', () => {
  test('that are permanent fail the run at once', async () => {
    await world.serve('fails');
    await world.request('bad', { phase: 'fails', params: { failures: 9, failBy: 'permanent' } });
    const events = await world.end('bad');
    expect(names(events)).toEqual(['run.requested', 'phase.started fails', 'phase.failed fails', 'run.failed']);
    expect(events.at(-1)!.data).toMatchObject({
      phase: 'fails',
      error: { code: 'DATA_INVALID', message: expect.stringContaining('planted') },
    });
    await world.request('badparams', { phase: 'fails', params: { rounds: -1 } });
    const failed = (await world.end('badparams')).at(-1)!;
    expect(failed.data).toMatchObject({
      error: { code: 'INVALID_ARGUMENT', message: expect.stringContaining('rounds of fails') },
    });
  });

  test.each(['transient', 'exit'])('that are %s lead to another attempt', async (failBy) => {
    const phase = `tries${failBy}`;
    await world.serve(phase);
    await world.request(phase, { phase, params: { failures: 1, failBy } });
    const events = await world.end(phase);
    expect(names(events).slice(1)).toEqual([
      `phase.started ${phase}`,
      `phase.released ${phase}`,
      `phase.started ${phase}`,
      `phase.completed ${phase}`,
      'run.completed',
    ]);
  });

  test('in the message itself move it to the dead letters with the cause, and others flow', async () => {
    await world.serve('poisoned');
    const subject = 'forge.events.t1.poison.run.requested.poisoned';
    await jetstream(world.broker.connection).publish(subject, '{"specversion":"1.0","id":"x"}');
    await world.request('healthy', { phase: 'poisoned' });
    expect(names(await world.end('healthy')).at(-1)).toBe('run.completed');
    const manager = await jetstreamManager(world.broker.connection);
    await eventually(async () => (await world.unsettled('poisoned')) === 0, 'all is settled');
    const letter = (await manager.direct.getMessage(DEAD_STREAM, { last_by_subj: 'forge.dead.t1.poison.>' }))!;
    expect(letter.header.get(DEAD_HEADERS.subject)).toBe(subject);
    expect(letter.header.get(DEAD_HEADERS.code)).toBe('INVALID_EVENT');
    expect(letter.header.get(DEAD_HEADERS.cause)).toContain('"source" is not a text');
    expect(letter.string()).toBe('{"specversion":"1.0","id":"x"}');
  });

  test('in the environment are one line and exit code 1', () => {
    const module = join(import.meta.dirname, 'testing', 'serve-test-phase.js');
    const env = { PATH: process.env['PATH'], FORGE_PORT: 'x', NATS_URL: '' };
    const { status, stderr } = spawnSync(process.execPath, [module, 'any'], { env, encoding: 'utf8' });
    expect(status).toBe(1);
    expect(stderr.trim().split('\n')).toHaveLength(1);
    expect(stderr).toMatch(/^INVALID_ARGUMENT: (?=.*NATS_URL is missing)(?=.*FORGE_DATA_DIR is missing).*FORGE_PORT=x/);
  });
});

describe('work in progress', () => {
  const long = { rounds: 400, roundMs: 50 };

  test('is saved and given back by a service that is told to end, and goes on elsewhere at once from there', async () => {
    const leaving = await world.serve('moves');
    await world.request('moves', { phase: 'moves', params: { rounds: 40, roundMs: 50 } });
    await firstProgress('moves');
    leaving.process.kill('SIGTERM');
    expect(await leaving.ended).toBe(0);
    await world.serve('moves');
    const events = await world.end('moves');
    expect(names(events).slice(1, 4)).toEqual([
      'phase.started moves',
      'phase.checkpointed moves',
      'phase.released moves',
    ]);
    const { data } = completions(events)[0]!;
    expect(data.attempt).toBe(2);
    expect(data.metrics['before']).toBeGreaterThan(0);
    expect((await world.log.load('t1', 'moves')).state!.phases[0]!.failures).toBe(0);
  });

  test('ends when the run is cancelled', async () => {
    const service = await world.serve('stops');
    await world.request('stops', { phase: 'stops', params: long });
    await world.until('stops', ({ name }) => name === 'phase.started');
    await world.log.execute('t1', 'stops', { do: 'cancel', cancelledBy: 'test', reason: 'enough' });
    await eventually(async () => (await world.unsettled('stops')) === 0, 'the message is settled');
    await eventually(() => service.log().includes('the work is discarded'), 'the log says that the work is discarded');
    expect(names(await world.end('stops'))).toEqual(['run.requested', 'phase.started stops', 'run.cancelled']);
  });
});
