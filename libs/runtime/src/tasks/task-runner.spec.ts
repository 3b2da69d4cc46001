import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { taskKey, TaskQueue, type QueuedTask } from '@agent-forge/nats';
import { readConfig, workDir } from '../config.js';
import { makeLogger } from '../logger.js';
import { PhaseMetrics } from '../metrics/phase-metrics.js';
import { phase } from '../testing/tasks-phase.js';
import { World } from '../testing/world.js';
import { WorkerSlot } from '../thread/worker-slot.js';
import { TaskRunner } from './task-runner.js';

let world: World;
let queue: TaskQueue;
let runner: TaskRunner;
const slot = new WorkerSlot();
beforeAll(async () => {
  world = await World.create();
  const config = readConfig(world.env);
  await mkdir(workDir(config.dataDir), { recursive: true });
  queue = await TaskQueue.open(world.broker.connection);
  const [logger, metrics] = [makeLogger('test', { logLevel: 'silent', logFile: undefined }), new PhaseMetrics('tasks')];
  runner = new TaskRunner({ phase, queue, log: world.log, config, logger, metrics, slot });
  await world.request('wanted', { phase: 'tasks', params: { diary: '' } });
  await world.log.execute('t1', 'wanted', { do: 'claim', phase: 'tasks', worker: 'w' });
});
afterAll(async () => {
  await slot.end();
  await world?.destroy();
});

/** A task of the claimed run. */
function taskThat(failBy: string, changes: Partial<QueuedTask> = {}, rounds = 1): QueuedTask {
  const diary = join(world.broker.dataDir, 'diary');
  const input = { number: 3, rounds, roundMs: 0, failBy, diary };
  const key = taskKey('tasks', 'work', input, 'test');
  return { tenant: 't1', run: 'wanted', phase: 'tasks', task: 'work', input, key, ...changes };
}
const running = new AbortController().signal;

describe('a task', () => {
  test('that met a transient error comes again after a while, and fails for good after as many times as there are', async () => {
    // It goes on from its checkpoint each time, and has enough to do for all of them.
    const task = taskThat('transient', {}, 20);
    expect(await runner.handle(task, 1, running)).toEqual({ do: 'retry', delayMs: 1_000 });
    expect(await runner.handle(task, 3, running)).toEqual({ do: 'retry', delayMs: 15_000 });
    expect(await queue.result(task.key)).toBeUndefined();
    expect(await runner.handle(task, 8, running)).toEqual({ do: 'ack' });
    expect(await queue.result(task.key)).toEqual({
      error: {
        code: 'ATTEMPTS_EXHAUSTED',
        message: 'task work of tasks was tried 8 times; the last said STORE_UNAVAILABLE: planted: the disk is full',
      },
    });
  });

  test('whose workers died every time is not tried again', async () => {
    const task = taskThat('kill');
    expect(await runner.handle(task, 9, running)).toEqual({ do: 'ack' });
    expect(await queue.result(task.key)).toMatchObject({ error: { code: 'ATTEMPTS_EXHAUSTED' } });
  });

  test('is given back at once by a service that ends', async () => {
    expect(await runner.handle(taskThat(''), 1, AbortSignal.abort())).toEqual({ do: 'retry', delayMs: 0 });
  });

  test('that nobody wants is dropped, and its result asked for by nobody', async () => {
    const task = taskThat('', { run: 'unknown' });
    expect(await runner.handle(task, 1, running)).toEqual({ do: 'ack' });
    expect(await queue.result(task.key)).toBeUndefined();
  });

  test('that this replica does not know is left to one that does', async () => {
    const task = { ...taskThat('', { task: 'play' }), key: 'a'.repeat(64) };
    expect(await runner.handle(task, 1, running)).toEqual({ do: 'retry', delayMs: 1_000 });
    await runner.handle(task, 8, running);
    expect(await queue.result(task.key)).toMatchObject({
      error: { message: expect.stringContaining('tasks has no task play') },
    });
  });

  test('leaves its result and what it counted, and no checkpoint', async () => {
    const task = taskThat('');
    expect(await runner.handle(task, 1, running)).toEqual({ do: 'ack' });
    expect(await queue.result(task.key)).toMatchObject({ value: { square: 9 }, artifacts: [{ role: 'task-3' }] });
    expect(await queue.checkpoint(task.key)).toBeUndefined();
  });
});
