import { readFile } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { create } from '@bufbuild/protobuf';
import { afterAll, afterEach, beforeAll, describe, expect, test } from '@jest/globals';
import { RecipeSchema, WEBHOOK_EVENTS, type DeliveryView, type WebhookRequest } from '@agent-forge/contracts';
import { WebhookStore } from '@agent-forge/nats';
import {
  createWebhook,
  getWebhook,
  listAudit,
  listDeliveries,
  listWebhooks,
  redeliver,
  removeWebhook,
  type Connection,
} from '@agent-forge/sdk';
import { guideExample } from '../testing/guide-example.js';
import { Receiver } from '../testing/receiver.js';
import { World } from '../testing/world.js';
import { MAX_TRIES } from './back-off.js';

let world: World;
let client: Connection;
const receivers: Receiver[] = [];
beforeAll(async () => {
  world = await World.create();
  client = await world.connect();
});
afterEach(async () => {
  for (const { id } of await listWebhooks(client)) await removeWebhook(client, id);
  for (const receiver of receivers.splice(0)) receiver.stop();
});
afterAll(() => world?.destroy());

async function receive(...[answer]: Parameters<typeof Receiver.start>): Promise<Receiver> {
  const receiver = await Receiver.start(answer);
  receivers.push(receiver);
  return receiver;
}

let runs = 0;
/** Appends the request of a run, which no phase is there to work on. */
async function request(tenant = 'main'): Promise<string> {
  const run = `run${runs++}`;
  const recipe = create(RecipeSchema, { name: 'x', seed: 1, phases: [{ phase: 'cognate' }] });
  await world.log.execute(tenant, run, { do: 'request', recipe, requestedBy: 'test' });
  return run;
}

async function deliveries(webhook: string): Promise<DeliveryView[]> {
  const all: DeliveryView[] = [];
  for await (const delivery of listDeliveries(client, webhook, 2)) all.push(delivery);
  return all;
}

/** Waits until there are so many deliveries and none is pending. */
async function settled(webhook: string, count = 1): Promise<DeliveryView[]> {
  for (;;) {
    const all = await deliveries(webhook);
    if (all.length >= count && all.every(({ status }) => status !== 'pending')) return all;
    await sleep(50);
  }
}

describe('a webhook', () => {
  test('gets each event that it asked for, signed, once', async () => {
    const receiver = await receive((response) => response.writeHead(204).end());
    const { id, secret } = await createWebhook(client, { url: receiver.url, events: ['run.requested'] });
    const asked = [await request(), await request(), await request()];
    await world.log.execute('main', asked[0]!, { do: 'cancel', cancelledBy: 'test', reason: '' });
    await request('other');
    await receiver.until(3);
    const isGenuine = await guideExample();
    const events = receiver.received.map(
      ({ body }) => JSON.parse(body.toString()) as { type: string; subject: string },
    );
    expect(events.map(({ type }) => type)).toEqual(Array(3).fill('agentforge.run.requested.v1'));
    expect(events.map(({ subject }) => subject.split('/').slice(0, 2)).sort()).toEqual(
      asked.map((run) => ['main', run]).sort(),
    );
    for (const { headers, body } of receiver.received) {
      expect(isGenuine(secret, headers, body)).toBe(true);
      expect(headers['content-type']).toBe('application/cloudevents+json');
    }
    expect(new Set(receiver.received.map(({ headers }) => headers['webhook-id'])).size).toBe(3);
    const log = await settled(id, 3);
    expect(log.map(({ run, status, event }) => [run, status, event])).toEqual(
      [...asked].reverse().map((run) => [run, 'delivered', 'run.requested']),
    );
    expect(log.every(({ attempts }) => attempts.length === 1 && attempts[0]!.status === 204)).toBe(true);
    expect(receiver.received).toHaveLength(3);
  });

  test('shows its secret once, and neither logs nor records have it', async () => {
    const receiver = await receive((response) => response.end());
    const made = await createWebhook(client, { url: receiver.url });
    const { secret, ...view } = made;
    expect(secret).toMatch(/^whsec_[A-Za-z0-9+/]{43}=$/);
    expect(view.events).toEqual(WEBHOOK_EVENTS);
    expect(await getWebhook(client, made.id)).toEqual(view);
    expect(await listWebhooks(client)).toEqual([view]);
    await request();
    await settled(made.id);
    const records = [];
    for await (const record of listAudit(client)) records.push(record);
    expect(JSON.stringify(records)).toContain(`/v1/webhooks/${made.id}`);
    const log = await readFile(world.logFile, 'utf8');
    for (const text of [JSON.stringify(records), JSON.stringify(await deliveries(made.id)), log])
      expect(text).not.toContain(secret.slice('whsec_'.length));
  });

  test('that fails is tried again with the same id, later each time, until it succeeds', async () => {
    const receiver = await receive((response, before) => response.writeHead(before < 3 ? 503 : 200).end());
    const { id, secret } = await createWebhook(client, { url: receiver.url, events: ['run.requested'] });
    await request();
    const [delivery] = await settled(id);
    expect(delivery).toMatchObject({ status: 'delivered' });
    expect(delivery).not.toHaveProperty('nextAttemptAt');
    expect(delivery!.attempts.map(({ status }) => status)).toEqual([503, 503, 503, 200]);
    expect(new Set(receiver.received.map(({ headers }) => headers['webhook-id'])).size).toBe(1);
    const isGenuine = await guideExample();
    expect(receiver.received.every(({ headers, body }) => isGenuine(secret, headers, body))).toBe(true);
  });

  test('that fails for good is tried a bounded number of times, and again when somebody asks for it', async () => {
    const receiver = await receive((response) => response.writeHead(410).end());
    const { id } = await createWebhook(client, { url: receiver.url, events: ['run.requested'] });
    await request();
    const [failed] = await settled(id);
    expect([failed!.status, failed!.attempts.length]).toEqual(['failed', MAX_TRIES]);
    await sleep(500);
    expect(receiver.received).toHaveLength(MAX_TRIES);
    const again = await redeliver(client, id, failed!.id);
    expect(again.status).toBe('pending');
    expect((await settled(id))[0]).toMatchObject({ status: 'failed' });
    expect(receiver.received).toHaveLength(2 * MAX_TRIES);
    expect(new Set(receiver.received.map(({ headers }) => headers['webhook-id'])).size).toBe(1);
  });

  test('whose next attempt is far away is tried at once when somebody asks for it, and the attempt that was due is void', async () => {
    const receiver = await receive((response, before) => response.writeHead(before < 6 ? 500 : 200).end());
    const { id } = await createWebhook(client, { url: receiver.url, events: ['run.requested'] });
    await request();
    // The next one is due a second and a half after this one.
    await receiver.until(6);
    while ((await deliveries(id))[0]!.attempts.length < 6) await sleep(10);
    const [pending] = await deliveries(id);
    expect(await redeliver(client, id, pending!.id)).not.toHaveProperty('nextAttemptAt');
    await receiver.until(7);
    expect((await settled(id))[0]).toMatchObject({ status: 'delivered' });
    expect(Date.now()).toBeLessThan(Date.parse(pending!.nextAttemptAt!));
    await sleep(2_500);
    expect(receiver.received).toHaveLength(7);
  });

  test('that never answers does not keep others waiting', async () => {
    const silent = await receive(() => undefined);
    const quick = await receive((response) => response.end());
    const stuck = await createWebhook(client, { url: silent.url, events: ['run.requested'] });
    const { id } = await createWebhook(client, { url: quick.url, events: ['run.requested'] });
    for (let i = 0; i < 20; i++) await request();
    await quick.until(20);
    expect((await settled(id, 20)).every(({ status }) => status === 'delivered')).toBe(true);
    const waiting = await deliveries(stuck.id);
    expect(waiting.filter(({ status }) => status === 'pending')).toHaveLength(20);
    // Two at a time, and none has come to an end yet.
    expect(silent.received).toHaveLength(2);
  });

  test('gets a burst of events in bounded time, each once', async () => {
    const receiver = await receive((response) => response.end());
    const { id } = await createWebhook(client, { url: receiver.url, events: ['run.requested'] });
    const asked = await Promise.all(Array.from({ length: 100 }, () => request()));
    await receiver.until(100);
    const all = await settled(id, 100);
    expect(all.map(({ run }) => run).sort()).toEqual([...asked].sort());
    expect(new Set(receiver.received.map(({ headers }) => headers['webhook-id'])).size).toBe(100);
    expect(receiver.received).toHaveLength(100);
  });

  test('goes on behind a gateway that was started anew', async () => {
    let isDown = true;
    const receiver = await receive((response) => response.writeHead(isDown ? 500 : 200).end());
    const { id } = await createWebhook(client, { url: receiver.url, events: ['run.requested'] });
    await request();
    await receiver.until(2);
    await world.gateway.close();
    isDown = false;
    const later = await request();
    await world.restart();
    const all = await settled(id, 2);
    expect(all.map(({ status }) => status)).toEqual(['delivered', 'delivered']);
    expect(all[0]!.run).toBe(later);
  });

  test('that was removed hears nothing more, and is nowhere to be found', async () => {
    const receiver = await receive((response) => response.end());
    const { id } = await createWebhook(client, { url: receiver.url, events: ['run.requested'] });
    await request();
    await settled(id);
    await removeWebhook(client, id);
    await request();
    await sleep(300);
    expect(receiver.received).toHaveLength(1);
    for (const gone of [getWebhook(client, id), removeWebhook(client, id), deliveries(id), redeliver(client, id, 'd1')])
      await expect(gone).rejects.toMatchObject({ code: 'NOT_FOUND' });
  });

  test('of another tenant cannot be seen, used or removed', async () => {
    const store = await WebhookStore.open(world.broker.connection);
    const foreign = { tenant: 'other', id: 'foreign', url: 'https://example.com/', secret: 'whsec_x', createdBy: 'x' };
    await store.put({ ...foreign, events: WEBHOOK_EVENTS, createdAt: new Date().toISOString() });
    expect(await listWebhooks(client)).toEqual([]);
    for (const id of ['foreign', 'other.foreign', '*', '>', '..', 'x'.repeat(100)])
      for (const ask of [getWebhook, removeWebhook, (c: Connection, w: string) => redeliver(c, w, 'd1')])
        await expect(ask(client, id)).rejects.toMatchObject({ code: 'NOT_FOUND' });
    expect(await store.get('other', 'foreign')).toBeDefined();
    await store.remove('other', 'foreign');
  });
});

describe('a webhook is refused', () => {
  // Allowed by itself, so that only what stands beside it can be wrong.
  const url = 'http://127.0.0.1:1/';
  test.each<[string, unknown]>([
    ...[
      'http://example.com/',
      'https://localhost/',
      'https://[::1]/',
      'https://169.254.169.254/latest/meta-data/',
      'https://2852039166/',
      'https://0x0a.1/',
      'https://10.0.0.1:6443/',
      'https://[::ffff:10.0.0.1]/',
      'https://[fe80::1]/',
      'file:///etc/passwd',
      'javascript:alert(1)',
      'http://a:b@127.0.0.1/',
      'https://name.invalid/',
      `https://example.com/${'x'.repeat(2_000)}`,
      '',
    ].map((target): [string, unknown] => [`for ${target.slice(0, 50)}`, { url: target }]),
    ['without a URL', {}],
    ['with a URL that is no text', { url: 1 }],
    ['with an unknown event', { url, events: ['run.exploded'] }],
    ['for progress', { url, events: ['phase.progress'] }],
    ['without events', { url, events: [] }],
    ['with an event twice', { url, events: ['run.failed', 'run.failed'] }],
    ['with events that are no list', { url, events: 'run.failed' }],
    ['with a secret of its own', { url, secret: 'whsec_x' }],
    ['with a tenant', { url, tenant: 'other' }],
  ])('%s', async (_, body) => {
    await expect(createWebhook(client, body as WebhookRequest)).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' });
  });

  test('when there are too many', async () => {
    const receiver = await receive((response) => response.end());
    for (let i = 0; i < 20; i++) await createWebhook(client, { url: receiver.url });
    await expect(createWebhook(client, { url: receiver.url })).rejects.toThrow(/20 webhooks already/);
  });
});
