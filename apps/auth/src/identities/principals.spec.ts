import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { IDENTITY_BUCKET, NatsRecords } from '@agent-forge/nats';
import { startTestBroker, type TestBroker } from '@agent-forge/nats/testing';
import { nextGeneration, type Principal } from './principal.js';
import { Principals } from './principals.js';

let broker: TestBroker;
let records: NatsRecords;
beforeAll(async () => {
  broker = await startTestBroker();
  records = await NatsRecords.open(broker.connection, IDENTITY_BUCKET);
});
afterAll(() => broker?.stop());

const ada = (): Principal => ({
  ...{ id: 'ada', kind: 'user', tenant: 'main', role: 'viewer', isDisabled: false },
  ...{ generation: nextGeneration(), createdAt: '', createdBy: 'admin' },
});

test('of many changes at once none is lost, and the last word on what they end is that of the last', async () => {
  let published = 0;
  // Publications overtake each other.
  const revokeBefore = async (_: string, generation: number) => {
    await new Promise((resolve) => setTimeout(resolve, (generation % 7) * 5));
    published = generation;
  };
  const principals = new Principals(records, { revokeBefore });
  await principals.add(ada());
  await Promise.all(
    Array.from({ length: 10 }, (_, i) =>
      principals.change('ada', (before) => ({ ...before, withdrawn: [...(before.withdrawn ?? []), String(i)] })),
    ),
  );
  const after = (await principals.get('ada'))!;
  expect([...after.withdrawn!].sort()).toEqual(Array.from({ length: 10 }, (_, i) => String(i)));
  expect(published).toBe(after.generation);
});

test('what is removed takes its tokens with it, but not those of another of the same name later', async () => {
  const revoked: number[] = [];
  const principals = new Principals(records, { revokeBefore: async (_, generation) => void revoked.push(generation) });
  const first = (await principals.get('ada'))!;
  await principals.remove(first);
  expect(revoked.at(-1)).toBeGreaterThan(first.generation);
  expect(ada().generation).toBeGreaterThanOrEqual(revoked.at(-1)!);
  await expect(principals.change('ada', (before) => before)).rejects.toMatchObject({ code: 'NOT_FOUND' });
});
