import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { jetstream, jetstreamManager } from '@nats-io/jetstream';
import { makeEvent, MAX_EVENT_BYTES } from '@agent-forge/contracts';
import { ensurePhaseConsumer } from './consumers.js';
import { RunLog } from './run-log.js';
import {
  ANSWER_BUCKET,
  AUDIT_STREAM,
  ATTEMPT_BUCKET,
  DELIVERY_BUCKET,
  IDENTITY_BUCKET,
  REVOCATION_BUCKET,
  SESSION_BUCKET,
  DELIVERY_STREAM,
  QUEUE_BUCKET,
  UPLOAD_BUCKET,
  WEBHOOK_BUCKET,
  DEAD_STREAM,
  LOG_STREAM,
  PROGRESS_STREAM,
  RESULT_BUCKET,
  TASK_CHECKPOINT_BUCKET,
  TASK_STREAM,
  TENANT_BUCKET,
} from './stream-names.js';
import { ensureStreams } from './streams.js';
import { startTestBroker, type TestBroker } from './testing.js';

let broker: TestBroker;
beforeAll(async () => {
  broker = await startTestBroker();
});
afterAll(() => broker?.stop());

const manager = () => jetstreamManager(broker.connection);

test('services that start at the same moment all find the streams and consumers', async () => {
  const connections = await Promise.all(Array.from({ length: 4 }, () => broker.connect()));
  await Promise.all(
    connections.map(async (connection) => {
      await ensureStreams(connection);
      await ensurePhaseConsumer(connection, 'one', 't1');
    }),
  );
  const names = [];
  for await (const { config } of (await manager()).streams.list()) names.push(config.name);
  expect(names.sort()).toEqual([
    AUDIT_STREAM,
    DEAD_STREAM,
    DELIVERY_STREAM,
    LOG_STREAM,
    PROGRESS_STREAM,
    TASK_STREAM,
    `KV_${ANSWER_BUCKET}`,
    `KV_${DELIVERY_BUCKET}`,
    `KV_${IDENTITY_BUCKET}`,
    `KV_${ATTEMPT_BUCKET}`,
    `KV_${QUEUE_BUCKET}`,
    `KV_${RESULT_BUCKET}`,
    `KV_${REVOCATION_BUCKET}`,
    `KV_${SESSION_BUCKET}`,
    `KV_${TASK_CHECKPOINT_BUCKET}`,
    `KV_${TENANT_BUCKET}`,
    `KV_${UPLOAD_BUCKET}`,
    `KV_${WEBHOOK_BUCKET}`,
  ]);
});

test('settings of an older version are brought up to date, and what is in the log stays', async () => {
  const log = new RunLog(broker.connection, '/agentforge/test');
  const base = { tenant: 't1', run: 'old', time: new Date().toISOString(), source: '/test' };
  const requested = makeEvent({
    ...base,
    name: 'run.requested',
    id: 'old/1',
    phase: 'run',
    next: 'one',
    data: { recipe: {} },
  });
  await log.append(requested, 0);
  const wanted = (await (await manager()).streams.info(LOG_STREAM)).config;
  await (await manager()).streams.update(LOG_STREAM, { max_bytes: 1024 * 1024, duplicate_window: 1_000_000_000 });
  await (
    await manager()
  ).consumers.update(LOG_STREAM, await ensurePhaseConsumer(broker.connection, 'one', 't1'), {
    ack_wait: 1_000_000_000,
  });
  await ensureStreams(broker.connection);
  await ensurePhaseConsumer(broker.connection, 'one', 't1');
  expect((await (await manager()).streams.info(LOG_STREAM)).config).toEqual(wanted);
  expect((await (await manager()).consumers.info(LOG_STREAM, 'phase-one-t1')).config.ack_wait).toBe(10_000_000_000);
  expect((await log.load('t1', 'old')).sequence).toBeGreaterThan(0);
});

test('the log takes nothing larger than an event, deletes nothing, and refuses more when it is full instead of forgetting', async () => {
  const client = jetstream(broker.connection);
  const subject = 'forge.events.t1.big.run.requested.one';
  await expect(client.publish(subject, new Uint8Array(2 * MAX_EVENT_BYTES))).rejects.toThrow(/maximum/);
  const { seq } = await client.publish(subject, 'first');
  await expect((await manager()).streams.deleteMessage(LOG_STREAM, seq)).rejects.toThrow(/delete/);
  const full = (await (await manager()).streams.info(LOG_STREAM)).state.bytes + 10_000;
  await (await manager()).streams.update(LOG_STREAM, { max_bytes: full });
  const log = new RunLog(broker.connection, '/agentforge/test');
  const base = { tenant: 't1', run: 'full', time: new Date().toISOString(), source: '/test' };
  const params = { text: 'x'.repeat(20_000) };
  const data = { recipe: { phases: [{ phase: 'one', params }] } };
  const event = makeEvent({ ...base, name: 'run.requested', id: 'full/1', phase: 'run', next: 'one', data });
  await expect(log.append(event, 0)).rejects.toMatchObject({
    code: 'STORE_UNAVAILABLE',
    message: expect.stringContaining('full'),
  });
  expect((await (await manager()).direct.getMessage(LOG_STREAM, { seq }))!.string()).toBe('first');
});
