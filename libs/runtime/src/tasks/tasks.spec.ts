import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { jetstreamManager } from '@nats-io/jetstream';
import type { EventOf, LogEvent } from '@agent-forge/contracts';
import { readEvents, TASK_STREAM } from '@agent-forge/nats';
import { World, fetchMetrics } from '../testing/world.js';

let world: World;
beforeAll(async () => {
  world = await World.create();
});
afterAll(() => world?.destroy());

const diaryOf = (name: string) => join(world.broker.dataDir, `${name}.diary`);

/** Rounds that were really done: task number, round, process. */
async function diary(name: string): Promise<{ number: number; round: number; pid: number }[]> {
  const text = await readFile(diaryOf(name), 'utf8').catch(() => '');
  return text
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => line.split(' ').map(Number))
    .map(([number, round, pid]) => ({ number: number!, round: round!, pid: pid! }));
}

const request = (name: string, params: object = {}, run = name) =>
  world.request(run, { phase: name, params: { diary: diaryOf(name), ...params } });
const completed = (events: LogEvent[]) =>
  events.find((event): event is EventOf<'phase.completed'> => event.name === 'phase.completed')!;

async function waitingTasks(): Promise<number> {
  const manager = await jetstreamManager(world.broker.connection);
  return (await manager.streams.info(TASK_STREAM)).state.messages;
}

describe('the tasks of a phase', () => {
  test('are done at the same time by two replicas, each once, and their results come back in order', async () => {
    await Promise.all([world.serveTasks('two'), world.serveTasks('two')]);
    const numbers = [1, 2, 3, 4, 5, 6];
    await request('two', { numbers, rounds: 3, roundMs: 100 });
    const events = await world.end('two');
    expect(completed(events).data).toMatchObject({ metrics: { sum: 91, plannedBy: 1 } });
    expect(completed(events).data.artifacts.map(({ role }) => role)).toEqual(numbers.map((n) => `task-${n}`));
    const lines = await diary('two');
    expect(lines.map(({ number, round }) => `${number}/${round}`).sort()).toEqual(
      numbers.flatMap((n) => [1, 2, 3].map((round) => `${n}/${round}`)).sort(),
    );
    const workers = new Map(lines.map(({ number, pid }) => [number, pid]));
    expect(new Set(workers.values()).size).toBe(2);
    expect(await waitingTasks()).toBe(0);
  });

  test('are done once where inputs are equal, and not again for another run', async () => {
    const { url } = await world.serveTasks('cached');
    await request('cached', { numbers: [3, 3, 4] });
    expect(completed(await world.end('cached')).data.metrics['sum']).toBe(34);
    expect(await diary('cached')).toHaveLength(4);
    await request('cached', { numbers: [4, 3, 5] }, 'cached2');
    expect(completed(await world.end('cached2')).data.metrics['sum']).toBe(50);
    expect(new Set((await diary('cached')).slice(4).map(({ number }) => number))).toEqual(new Set([5]));
    const metrics = await (await fetchMetrics(url)).text();
    expect(metrics).toContain('forge_task_lookups_total{task="work",result="hit",service="cached"} 2\n');
    expect(metrics).toContain('forge_task_lookups_total{task="work",result="miss",service="cached"} 3\n');
    expect(metrics).toContain('forge_task_duration_seconds_count{service="cached",task="work",outcome="done"} 3\n');
  });

  test('are finished by another replica, from their checkpoint, when one is killed in the middle', async () => {
    const services = await Promise.all([world.serveTasks('killed'), world.serveTasks('killed')]);
    await request('killed', { numbers: [7], rounds: 6, roundMs: 20, failBy: 'kill' });
    const events = await world.end('killed');
    expect(completed(events).data.metrics['sum']).toBe(49);
    const lines = await diary('killed');
    expect(lines.map(({ round }) => round)).toEqual([1, 2, 3, 4, 5, 6]);
    expect(new Set(lines.map(({ pid }) => pid)).size).toBe(2);
    expect(await Promise.race([...services.map(({ ended }) => ended), sleep(1_000)])).toBe('SIGKILL');
  });

  test('that fail for good fail the phase with their error, which is kept for nobody', async () => {
    await world.serveTasks('bad');
    await request('bad', { numbers: [2], failBy: 'permanent' });
    const failed = (await world.end('bad')).find((event) => event.name === 'run.failed') as EventOf<'run.failed'>;
    expect(failed.data.error).toMatchObject({ code: 'DATA_INVALID', message: 'planted: task 2 is no good' });
    expect(await waitingTasks()).toBe(0);
  });

  test.each([
    ['large', /^a checkpoint of task work of large has \d+ bytes of state, over 32768; store what is large/],
    ['large phase', /^a checkpoint of large has \d+ bytes of state, over 32768; store what is large/],
  ])('and the phase that saves too much state are told so: %s', async (failBy, message) => {
    if (failBy === 'large') await world.serveTasks('large');
    const run = failBy.replace(' ', '');
    await request('large', { numbers: [2], failBy }, run);
    const failed = (await world.end(run)).find((event) => event.name === 'run.failed') as EventOf<'run.failed'>;
    expect(failed.data.error).toMatchObject({ code: 'PAYLOAD_TOO_LARGE', message: expect.stringMatching(message) });
  });

  test('of a run that is cancelled or paused are dropped, and done after it is resumed', async () => {
    await world.serveTasks('paused');
    await request('paused', { numbers: [1, 2], rounds: 20, roundMs: 100 });
    while ((await diary('paused')).length < 3) await sleep(50);
    await world.log.execute('t1', 'paused', { do: 'pause', pausedBy: 'somebody', reason: '' });
    while ((await waitingTasks()) > 0) await sleep(100);
    const before = (await diary('paused')).length;
    expect(before).toBeLessThan(40);
    await sleep(500);
    expect((await diary('paused')).length).toBe(before);
    await world.log.execute('t1', 'paused', { do: 'resume', resumedBy: 'somebody' });
    const events = await world.end('paused');
    expect(completed(events).data.metrics).toEqual({ sum: 5, plannedBy: 1 });
    // Nothing that was done before the pause was done again.
    const lines = (await diary('paused')).map(({ number, round }) => `${number}/${round}`);
    expect(new Set(lines).size).toBe(lines.length);
    expect(events.filter(({ name }) => name === 'phase.planned')).toHaveLength(1);
    expect(events.some(({ name }) => name === 'phase.checkpointed')).toBe(true);
  });

  test('tell how far they are, through the phase that asked', async () => {
    await world.serveTasks('told');
    const stop = new AbortController();
    const stages = new Set<string>();
    const filter = 'forge.progress.t1.told.>';
    const reading = (async () => {
      for await (const { event } of readEvents(world.broker.connection, {
        stream: 'progress',
        filter,
        signal: stop.signal,
      }))
        if (event.name === 'phase.progress') stages.add(event.data.stage);
    })();
    await request('told', { numbers: [1, 2], rounds: 3, roundMs: 100 });
    await world.end('told');
    stop.abort();
    await reading;
    expect([...stages].sort()).toEqual(['task 0', 'task 1']);
  });
});
