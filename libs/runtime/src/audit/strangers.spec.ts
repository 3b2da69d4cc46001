import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { verifyAuditChain, type AuditEvent } from '@agent-forge/contracts';
import { NatsAuditLog } from '@agent-forge/nats';
import { startTestBroker, type TestBroker } from '@agent-forge/nats/testing';
import { Strangers } from './strangers.js';

let broker: TestBroker;
beforeAll(async () => void (broker = await startTestBroker()));
afterAll(() => broker?.stop());

const limits = { windowMs: 60_000, perAddress: 3, overall: 10, sums: 2 };
let serial = 0;
const event = (from: string): AuditEvent => ({
  id: `event${serial++}`,
  time: new Date().toISOString(),
  action: 'GET /v1/runs',
  resource: '/v1/runs',
  outcome: 'denied',
  status: 401,
  from,
  requestId: 'r',
});

const fail = (error: unknown) => {
  throw error;
};

/** How many requests the events behind a record stand for, by address. */
async function counts(log: NatsAuditLog, after: number): Promise<[string, number][]> {
  const events = (await log.read(after, 200)).flatMap(({ entries }) => entries.map((entry) => entry.event!));
  return events.map(({ from, count = 1 }) => [from, count]);
}

async function end(log: NatsAuditLog): Promise<number> {
  return (await log.read(0, 200)).length;
}

test('a flood of one address, or of many, leaves a bounded number of events that count all of it', async () => {
  const log = new NatsAuditLog(broker.connection);
  const strangers = new Strangers(log, fail, limits);
  const addresses = Array.from({ length: 500 }, (_, i) => `10.0.${i % 50}.1`);
  await Promise.all(addresses.map((from) => strangers.append(event(from))));
  await strangers.flush();
  const found = await counts(log, 0);
  expect(found).toHaveLength(limits.overall + limits.sums + 1);
  expect(found.reduce((sum, [, count]) => sum + count, 0)).toBe(500);
  expect(found.filter(([from]) => from === 'several')).toHaveLength(1);
  const records = (async function* () {
    yield* await log.read(0, 200);
  })();
  expect(await verifyAuditChain(records)).not.toHaveProperty('fault');
});

test('who is known passes, and the next window begins anew', async () => {
  const log = new NatsAuditLog(broker.connection);
  const strangers = new Strangers(log, fail, limits);
  let before = await end(log);
  await Promise.all(Array.from({ length: 30 }, () => strangers.append({ ...event('a'), tenant: 'main', actor: 'x' })));
  expect(await counts(log, before)).toHaveLength(30);
  for (const expected of [3, 3]) {
    before = await end(log);
    await Promise.all(Array.from({ length: 5 }, () => strangers.append(event('b'))));
    expect(await counts(log, before)).toHaveLength(expected);
    before = await end(log);
    await strangers.flush();
    expect(await counts(log, before)).toEqual([['b', 2]]);
  }
});

test('a window ends by itself', async () => {
  const log = new NatsAuditLog(broker.connection);
  const strangers = new Strangers(log, fail, { ...limits, windowMs: 100 });
  const before = await end(log);
  await Promise.all(Array.from({ length: 5 }, () => strangers.append(event('c'))));
  while ((await counts(log, before)).length < 4) await new Promise((resolve) => setTimeout(resolve, 20));
  expect((await counts(log, before)).at(-1)).toEqual(['c', 2]);
});
