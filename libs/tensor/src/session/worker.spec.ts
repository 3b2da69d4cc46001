import { monitorEventLoopDelay } from 'node:perf_hooks';
import { setTimeout as sleep } from 'node:timers/promises';
import { threadId } from 'node:worker_threads';
import { describe, expect, test } from '@jest/globals';
import type { Way } from '../testing/odd-worker.js';
import { type TrainWork, run as trainHere } from '../testing/train-worker.js';
import { ForgeError } from '@agent-forge/contracts';
import { type WorkerOptions, WorkerThread, runInWorker } from './worker.js';

const ODD = new URL('../testing/odd-worker.js', import.meta.url);
const TRAIN = new URL('../testing/train-worker.js', import.meta.url);

function odd(way: Way, value?: unknown, options: WorkerOptions = {}): Promise<unknown> {
  return runInWorker(ODD, { way, value }, options);
}

describe('runInWorker', () => {
  test('runs in another thread and brings the result back', async () => {
    const value = { list: [1, 2], floats: Float32Array.of(1, 2) };
    const answer = (await odd('echo', value)) as { value: typeof value; threadId: number };
    expect(answer.threadId).not.toBe(threadId);
    expect(answer.value.list).toEqual([1, 2]);
    expect(Array.from(answer.value.floats)).toEqual([1, 2]);
  });

  test('passes progress on in its order', async () => {
    const seen: unknown[] = [];
    await odd('progress', null, { onProgress: (n) => seen.push(n) });
    expect(seen).toEqual([1, 2, 3]);
  });

  test.each([
    ['forgeError', 'DIVERGED', 'the loss is NaN'],
    ['typeError', 'INTERNAL', "Cannot read properties of undefined (reading 'x')"],
    ['exit', 'INTERNAL', 'the worker thread died: it exited with code 7 before it answered'],
    ['strayError', 'INTERNAL', 'the worker thread died: stray'],
    ['uncloneable', 'INTERNAL', expect.stringContaining('could not be cloned')],
  ] as const)('%s comes back as %s', async (way, code, message) => {
    await expect(odd(way)).rejects.toMatchObject({ name: 'ForgeError', code, message });
  });

  test('refuses an input that cannot be cloned, and a module without run', async () => {
    await expect(odd('echo', () => 1)).rejects.toMatchObject({
      code: 'INVALID_ARGUMENT',
      message: expect.stringContaining('cannot be sent to a worker'),
    });
    const module = new URL('../ir/shape.js', import.meta.url);
    await expect(runInWorker(module, null)).rejects.toMatchObject({
      code: 'INVALID_ARGUMENT',
      message: expect.stringContaining('no export named run'),
    });
    await expect(runInWorker(new URL('./nowhere.js', import.meta.url), null)).rejects.toMatchObject({
      code: 'INTERNAL',
      message: expect.stringContaining('nowhere.js'),
    });
  });

  test('an error of onProgress ends the work and is the error of the call', async () => {
    const onProgress = () => {
      throw new Error('nobody listens');
    };
    await expect(odd('deaf', null, { onProgress })).rejects.toThrow('nobody listens');
  });

  test('does not wait for what a library keeps open', async () => {
    expect(await odd('keepsOpen', 5)).toBe(5);
  });

  test.each(['untilAborted', 'deaf'] as const)('an abort ends a thread that is %s', async (way) => {
    const aborter = new AbortController();
    const done = odd(way, null, { signal: aborter.signal, abortGraceMs: 200, onProgress: () => aborter.abort() });
    await expect(done).rejects.toMatchObject({ code: 'CANCELLED' });
  });

  test('starts nothing after an abort', async () => {
    await expect(odd('deaf', null, { signal: AbortSignal.abort() })).rejects.toMatchObject({ code: 'CANCELLED' });
  });
});

describe('a thread', () => {
  const onAsk: WorkerOptions['onAsk'] = async (question, payload, tell) => {
    if (question === 'threadId') return threadId;
    if (question !== 'double') throw new ForgeError('NOT_FOUND', `what is ${question}?`);
    tell('half way');
    return 2 * (payload as number);
  };

  test('asks, hears what is told on the way, and gets answers and refusals', async () => {
    const heard = (await odd('ask', 21, { onAsk })) as Record<string, unknown>;
    expect(heard).toMatchObject({ answers: [42, threadId], told: ['half way'], refused: 'NOT_FOUND' });
    expect(await odd('ask', 1).catch((error: ForgeError) => error.code)).toBe('INTERNAL');
  });

  test('does one piece of work after the other, also after one that failed or was given up', async () => {
    const thread = new WorkerThread();
    const run = (way: Way, options: WorkerOptions = {}) =>
      thread.run<unknown, Record<string, unknown>>(ODD, { way, value: 1 }, options);
    const first = await run('echo');
    await expect(run('forgeError')).rejects.toMatchObject({ code: 'DIVERGED' });
    const aborter = new AbortController();
    const onProgress = () => aborter.abort();
    await expect(run('untilAborted', { signal: aborter.signal, onProgress })).rejects.toMatchObject({
      code: 'CANCELLED',
    });
    expect(await run('ask', { onAsk })).toMatchObject({ answers: [2, threadId], threadId: first['threadId'] });
    expect(thread.isAlive).toBe(true);
    await expect(run('exit')).rejects.toMatchObject({ code: 'INTERNAL' });
    expect(thread.isAlive).toBe(false);
    await expect(run('echo')).rejects.toMatchObject({
      code: 'INTERNAL',
      message: expect.stringContaining('ended before'),
    });
    await thread.end();
  });
});

describe('training in worker threads', () => {
  const work: TrainWork = { rows: 8, calls: 3, stepsPerCall: 5 };
  const train = (input: TrainWork, options: WorkerOptions<number> = {}) =>
    runInWorker<TrainWork, string, number>(TRAIN, input, options);

  test('three at once, and one here, learn the same bytes', async () => {
    const digests = await Promise.all([train(work), train(work), train(work), trainHere(work)]);
    expect(digests[0]).toMatch(/^[0-9a-f]{64}$/);
    expect(new Set(digests).size).toBe(1);
  });

  test('can be stopped between two calls of the session', async () => {
    const aborter = new AbortController();
    let calls = 0;
    const done = train(
      { ...work, calls: 1_000_000 },
      { signal: aborter.signal, onProgress: () => ++calls === 2 && aborter.abort() },
    );
    await expect(done).rejects.toMatchObject({ code: 'CANCELLED' });
    expect(calls).toBeLessThan(1_000);
  });
});

describe('the main thread while a worker trains', () => {
  /** One call of the session takes far longer than the bound. */
  const long: TrainWork = { rows: 256, calls: 2, stepsPerCall: 100 };
  const BLOCKED_LIMIT_MS = 50;
  const RESOLUTION_MS = 5;

  /** The longest time for which the event loop of this thread did not turn while `work` ran. */
  async function longestBlockMs(work: () => Promise<unknown>): Promise<number> {
    const delay = monitorEventLoopDelay({ resolution: RESOLUTION_MS });
    delay.enable();
    // Its timer has to fire once before it can notice anything.
    await sleep(4 * RESOLUTION_MS);
    await work();
    await sleep(4 * RESOLUTION_MS);
    delay.disable();
    return delay.max / 1e6 - RESOLUTION_MS;
  }

  /** Other work on the machine only ever adds to a delay, so one clean round out of these is enough; a real block is in each. */
  const ROUNDS = 5;

  async function round(): Promise<Record<'noiseMs' | 'inWorkerMs' | 'inPlaceMs', number>> {
    // Control: the processors are as busy, with a loop that has nothing to do with us.
    const aborter = new AbortController();
    const busy = odd('deaf', null, { signal: aborter.signal, abortGraceMs: 0 });
    const noiseMs = await longestBlockMs(() => sleep(1_000));
    aborter.abort();
    await expect(busy).rejects.toMatchObject({ code: 'CANCELLED' });
    const inWorkerMs = await longestBlockMs(() => runInWorker(TRAIN, long));
    // The same work on this thread must be seen, or the measurement could not tell the two apart.
    return { noiseMs, inWorkerMs, inPlaceMs: await longestBlockMs(() => trainHere(long)) };
  }

  test('is never blocked for more than 50 ms beyond what this machine does to an idle thread', async () => {
    const rounds = [];
    let clean = false;
    while (!clean && rounds.length < ROUNDS) {
      const measured = await round();
      rounds.push(measured);
      const limit = BLOCKED_LIMIT_MS + measured.noiseMs;
      clean = measured.inWorkerMs < limit && measured.inPlaceMs > limit;
    }
    expect({ rounds, clean }).toEqual({ rounds, clean: true });
  });
});
