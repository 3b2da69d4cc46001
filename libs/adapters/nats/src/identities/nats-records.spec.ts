import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { startTestBroker, type TestBroker } from '../testing.js';
import { IDENTITY_BUCKET } from '../stream-names.js';
import { NatsRecords } from './nats-records.js';

let broker: TestBroker;
let records: NatsRecords;
beforeAll(async () => {
  broker = await startTestBroker();
  records = await NatsRecords.open(broker.connection, IDENTITY_BUCKET);
});
afterAll(() => broker?.stop());

test('a record is made once, changed by whoever knows its revision, and gone when it is removed', async () => {
  expect(await records.get('a.one')).toBeUndefined();
  expect(await records.create('a.one', { n: 1 })).toBe(true);
  expect(await records.create('a.one', { n: 2 })).toBe(false);
  const { value, revision } = (await records.get<{ n: number }>('a.one'))!;
  expect(value).toEqual({ n: 1 });
  expect(await records.update('a.one', { n: 3 }, revision)).toBe(true);
  expect(await records.update('a.one', { n: 4 }, revision)).toBe(false);
  expect((await records.get('a.one'))?.value).toEqual({ n: 3 });
  await records.remove('a.one');
  expect(await records.get('a.one')).toBeUndefined();
  expect(await records.create('a.one', { n: 5 })).toBe(true);
});

test('a list has the records of its prefix, in order, and no others', async () => {
  for (const key of ['b.y', 'b.x', 'bb.z', 'b.x.deep']) await records.create(key, { key });
  expect(await records.list('b')).toEqual([{ key: 'b.x' }, { key: 'b.y' }]);
  expect(await records.list('none')).toEqual([]);
});

test('of many that change a record at once one wins each time', async () => {
  await records.create('c.count', { n: 0 });
  const increment = async (): Promise<void> => {
    const { value, revision } = (await records.get<{ n: number }>('c.count'))!;
    if (!(await records.update('c.count', { n: value.n + 1 }, revision))) return increment();
  };
  await Promise.all(Array.from({ length: 20 }, increment));
  expect((await records.get('c.count'))?.value).toEqual({ n: 20 });
});

test('what was written is there after a crash of the broker', async () => {
  await records.create('d.kept', { n: 1 });
  await broker.crash();
  expect((await records.get('d.kept'))?.value).toEqual({ n: 1 });
  expect(await records.create('d.kept', { n: 2 })).toBe(false);
});
