import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { startTestBroker, type TestBroker } from '../testing.js';
import { TENANT_BUCKET } from '../stream-names.js';
import { NatsRecords } from './nats-records.js';
import { Revocations, type Revocable } from './revocations.js';

let broker: TestBroker;
let records: NatsRecords;
let here: Revocations;
let there: Revocations;
beforeAll(async () => {
  broker = await startTestBroker();
  records = await NatsRecords.open(broker.connection, TENANT_BUCKET);
  for (const id of ['main', 'acme', 'other']) await records.create(`tenant.${id}`, { id, isDisabled: false });
  here = await Revocations.open(broker.connection);
  there = await Revocations.open(await broker.connect());
});
afterAll(async () => {
  await here?.close();
  await there?.close();
  await broker?.stop();
});

const token = (change: Partial<Revocable> = {}): Revocable => ({
  ...{ id: 'j1', session: 's1', subject: 'ada', generation: 10, tenant: 'main' },
  ...change,
});

/** Waits until another service has heard of it, no longer than the five seconds that are promised. */
async function heard(what: Revocable): Promise<boolean> {
  const untilMs = Date.now() + 5_000;
  while (!there.isRevoked(what) && Date.now() < untilMs) await sleep(20);
  return there.isRevoked(what);
}

async function disable(id: string, isDisabled: boolean): Promise<void> {
  const { revision } = (await records.get(`tenant.${id}`))!;
  await records.update(`tenant.${id}`, { id, isDisabled }, revision);
  await here.refresh();
}

describe('what is revoked', () => {
  test.each<[string, () => Promise<void>, Partial<Revocable>, Partial<Revocable>]>([
    ['one token', () => here.revokeToken('j2'), { id: 'j2' }, { id: 'j3' }],
    ['a session', () => here.revokeSession('s2'), { session: 's2' }, { session: 's3' }],
    ['a generation', () => here.revokeBefore('eve', 11), { subject: 'eve' }, { subject: 'eve', generation: 11 }],
    ['a tenant', () => disable('acme', true), { tenant: 'acme' }, { tenant: 'other' }],
  ])('%s is refused here at once and elsewhere within five seconds; another is not', async (_, revoke, hit, miss) => {
    expect(here.isRevoked(token(hit))).toBe(false);
    await revoke();
    expect(here.isRevoked(token(hit))).toBe(true);
    expect(await heard(token(hit))).toBe(true);
    expect([here.isRevoked(token(miss)), there.isRevoked(token(miss))]).toEqual([false, false]);
  });

  test('a tenant is let in again; one that there is not never is', async () => {
    await disable('acme', false);
    const untilMs = Date.now() + 5_000;
    while (there.isRevoked(token({ tenant: 'acme' })) && Date.now() < untilMs) await sleep(20);
    expect(there.isRevoked(token({ tenant: 'acme' }))).toBe(false);
    for (const tenant of ['none', '', '*', '__proto__']) expect(here.isRevoked(token({ tenant }))).toBe(true);
  });

  test('is known to whoever starts later, all of it', async () => {
    await Promise.all(Array.from({ length: 600 }, (_, i) => here.revokeToken(`many${i}`)));
    const late = await Revocations.open(await broker.connect());
    expect(Array.from({ length: 600 }, (_, i) => late.isRevoked(token({ id: `many${i}` }))).every(Boolean)).toBe(true);
    await late.close();
  });

  test('comes by the watch to whoever asks once in an hour', async () => {
    const rare = await Revocations.open(await broker.connect(), 3_600_000);
    const before = ['early', 'late'].map((id) => rare.isRevoked(token({ id })));
    await here.revokeToken('early');
    await disable('acme', true);
    for (
      let i = 0;
      i < 200 && !(rare.isRevoked(token({ id: 'early' })) && rare.isRevoked(token({ tenant: 'acme' })));
      i++
    )
      await sleep(25);
    expect(before).toEqual([false, false]);
    expect([rare.isRevoked(token({ id: 'early' })), rare.isRevoked(token({ tenant: 'acme' }))]).toEqual([true, true]);
    expect(rare.isRevoked(token({ id: 'late' }))).toBe(false);
    await rare.close();
    await disable('acme', false);
  });

  test('is not guessed: without word from the broker nobody is let in', () => {
    expect(here.isRevoked(token(), Date.now() + 20_000)).toBe(false);
    expect(() => here.isRevoked(token(), Date.now() + 31_000)).toThrow(
      expect.objectContaining({ code: 'BROKER_UNAVAILABLE' }),
    );
  });

  test('is known after a crash of the broker, and so is what is revoked then', async () => {
    await broker.crash();
    await here.revokeToken('after');
    expect(await heard(token({ id: 'after' }))).toBe(true);
    expect(there.isRevoked(token({ id: 'j2' }))).toBe(true);
  });
});
