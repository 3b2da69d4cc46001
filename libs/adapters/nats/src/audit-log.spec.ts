import { jetstream, jetstreamManager } from '@nats-io/jetstream';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { AUDIT_SUBJECT, verifyAuditChain, type AuditEvent, type AuditRecord } from '@agent-forge/contracts';
import { MAX_AUDIT_EVENTS, NatsAuditLog } from './audit-log.js';
import { AUDIT_STREAM } from './stream-names.js';
import { startTestBroker, type TestBroker } from './testing.js';

let broker: TestBroker;
beforeAll(async () => void (broker = await startTestBroker()));
afterAll(() => broker?.stop());

const event = (id: string): AuditEvent => ({
  id,
  time: new Date().toISOString(),
  tenant: 'main',
  actor: 'admin',
  action: 'POST /v1/runs',
  resource: '/v1/runs/x',
  outcome: 'done',
  status: 202,
  from: '127.0.0.1',
  requestId: id,
});

async function* all(log: NatsAuditLog): AsyncGenerator<AuditRecord> {
  for (let after = 0, page: AuditRecord[] = []; (page = await log.read(after, 7)).length > 0;) {
    yield* page;
    after = page.at(-1)!.sequence;
  }
}

async function events(log: NatsAuditLog): Promise<string[]> {
  const ids: string[] = [];
  for await (const { entries } of all(log)) ids.push(...entries.map((entry) => entry.event!.id));
  return ids;
}

test('ten writers on two connections make one chain of every event, once', async () => {
  const connections = [broker.connection, await broker.connect()];
  const logs = Array.from({ length: 10 }, (_, i) => new NatsAuditLog(connections[i % 2]!));
  const sent = logs.flatMap((log, i) => Array.from({ length: 30 }, (_, j) => ({ log, id: `w${i}e${j}` })));
  await Promise.all(sent.map(({ log, id }) => log.append(event(id))));
  const verdict = await verifyAuditChain(all(logs[0]!));
  expect(verdict).not.toHaveProperty('fault');
  expect(verdict.events).toBe(300);
  expect((await events(logs[1]!)).sort()).toEqual(sent.map(({ id }) => id).sort());
  // Each writer's thirty came at once, and share a record.
  expect(verdict.records).toBe(10);
});

test('what is appended is there when the promise resolves; what comes together shares a record, up to its limit', async () => {
  const log = new NatsAuditLog(broker.connection);
  const before = (await verifyAuditChain(all(log))).records;
  await log.append(event('one'));
  expect(await events(new NatsAuditLog(await broker.connect()))).toContain('one');
  await Promise.all(Array.from({ length: 2 * MAX_AUDIT_EVENTS + 1 }, (_, i) => log.append(event(`many${i}`))));
  expect((await verifyAuditChain(all(log))).records - before).toBe(1 + 3);
});

test('a crash of the broker in the middle loses and doubles nothing, and the chain holds', async () => {
  const log = new NatsAuditLog(broker.connection);
  const ids = Array.from({ length: 40 }, (_, i) => `crash${i}`);
  const appending = Promise.all(
    ids.map(async (id, i) => {
      await new Promise((resolve) => setTimeout(resolve, i * 10));
      await log.append(event(id));
    }),
  );
  await broker.crash();
  await appending;
  expect(await verifyAuditChain(all(log))).not.toHaveProperty('fault');
  expect((await events(log)).filter((id) => id.startsWith('crash')).sort()).toEqual([...ids].sort());
});

test('records cannot be deleted, and one that another has smuggled in is found', async () => {
  const manager = await jetstreamManager(broker.connection);
  await expect(manager.streams.deleteMessage(AUDIT_STREAM, 2)).rejects.toThrow();
  await expect(manager.streams.purge(AUDIT_STREAM)).rejects.toThrow();
  const log = new NatsAuditLog(broker.connection);
  const { head } = await verifyAuditChain(all(log));
  await jetstream(broker.connection).publish(AUDIT_SUBJECT, '{"entries":[],"previous":"x","sequence":1}');
  expect((await verifyAuditChain(all(log))).fault).toMatchObject({ sequence: head.sequence + 1 });
});
