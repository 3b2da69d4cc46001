import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { create } from '@bufbuild/protobuf';
import { jetstreamManager } from '@nats-io/jetstream';
import { RecipeSchema } from '@agent-forge/contracts';
import { RunLog } from '../run-log.js';
import { LOG_STREAM } from '../stream-names.js';
import { startTestBroker, type TestBroker } from '../testing.js';
import type { Delivered } from './delivered.js';
import { PhaseQueue } from './phase-queue.js';

let broker: TestBroker;
let log: RunLog;
beforeAll(async () => {
  broker = await startTestBroker();
  log = new RunLog(broker.connection, '/agentforge/test');
});
afterAll(() => broker?.stop());

const never = new AbortController().signal;

async function ask(tenant: string, run: string, phase: string): Promise<void> {
  const recipe = create(RecipeSchema, { phases: [{ phase }] });
  await log.execute(tenant, run, { do: 'request', recipe, requestedBy: 'test' });
}

const nameOf = ({ subject }: Delivered) => subject.split('.').slice(2, 4).join('/');

async function take(queue: PhaseQueue): Promise<string> {
  const message = (await queue.next(never))!;
  await message.ackAck();
  return nameOf(message);
}

test('the first run of a tenant waits for one of another that has asked for 10,000', async () => {
  const ids = Array.from({ length: 10_000 }, (_, i) => `run${i}`);
  while (ids.length > 0) await Promise.all(ids.splice(0, 250).map((id) => ask('flood', id, 'fair')));
  const queue = await PhaseQueue.open(await broker.connect(), 'fair');
  expect(await take(queue)).toBe('flood/run0');
  await ask('other', 'first', 'fair');
  const next = [await take(queue), await take(queue)];
  expect(next).toContain('other/first');
  // Its second one too, and one of a third tenant besides.
  await Promise.all([ask('other', 'second', 'fair'), ask('third', 'first', 'fair')]);
  const later = [await take(queue), await take(queue), await take(queue), await take(queue)];
  expect(later).toEqual(expect.arrayContaining(['other/second', 'third/first']));
  expect(later.filter((name) => name.startsWith('flood/'))).toHaveLength(2);
  queue.close();
});

test('replicas share the work: each message goes to one of them, those of one tenant in their order', async () => {
  const queues = await Promise.all([1, 2].map(async () => PhaseQueue.open(await broker.connect(), 'shared')));
  const names = Array.from({ length: 40 }, (_, i) => [`t${i % 4}`, `run${i}`] as const);
  for (const [tenant, run] of names) await ask(tenant, run, 'shared');
  const taken = await Promise.all(
    queues.map(async (queue) => {
      const mine = [];
      for (let i = 0; i < 20; i++) mine.push(await take(queue));
      return mine;
    }),
  );
  expect(taken.flat().sort()).toEqual(names.map((name) => name.join('/')).sort());
  for (const mine of taken)
    for (const tenant of ['t0', 't1', 't2', 't3']) {
      const numbers = mine.filter((name) => name.startsWith(tenant)).map((name) => Number(name.split('run')[1]));
      expect(numbers).toEqual([...numbers].sort((a, b) => a - b));
    }
  queues.forEach((queue) => queue.close());
});

test('what is handed back comes again after its delay, counted, and is gone once it is acknowledged', async () => {
  const queue = await PhaseQueue.open(await broker.connect(), 'again');
  await ask('t1', 'again', 'again');
  const first = (await queue.next(never))!;
  const sentMs = performance.now();
  first.nak(300);
  const second = (await queue.next(never))!;
  expect(performance.now() - sentMs).toBeGreaterThan(250);
  expect([second.seq, first.deliveryCount, second.deliveryCount]).toEqual([first.seq, 1, 2]);
  await second.ackAck();
  expect(await queue.next(AbortSignal.timeout(1_500))).toBeUndefined();
  queue.close();
});

test('a consumer that somebody has deleted is made anew, and a broker that crashed is waited for', async () => {
  const queue = await PhaseQueue.open(await broker.connect(), 'lost');
  await ask('t1', 'one', 'lost');
  expect(await take(queue)).toBe('t1/one');
  await (await jetstreamManager(broker.connection)).consumers.delete(LOG_STREAM, 'phase-lost-t1');
  await ask('t1', 'two', 'lost');
  const seen = new Set<string>();
  const takeAll = async (wanted: string) => {
    while (!seen.has(wanted)) seen.add(await take(queue).catch(() => 'nothing'));
  };
  await takeAll('t1/two');
  await broker.crash();
  await ask('t1', 'three', 'lost');
  await takeAll('t1/three');
  queue.close();
});
