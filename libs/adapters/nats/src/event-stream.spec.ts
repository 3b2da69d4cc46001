import { afterAll, beforeAll, test } from '@jest/globals';
import { LOG_SUBJECTS } from '@agent-forge/contracts';
import { setImmediate as turn } from 'node:timers/promises';
import { readEvents } from './event-stream.js';
import { startTestBroker, type TestBroker } from './testing.js';

let broker: TestBroker;
beforeAll(async () => {
  broker = await startTestBroker();
});
afterAll(() => broker?.stop());

test('a reader ends when it is aborted, however far its start has come', async () => {
  for (let turns = 0; turns < 20; turns++) {
    const stop = new AbortController();
    const reading = (async () => {
      const options = { stream: 'log', filter: LOG_SUBJECTS, signal: stop.signal } as const;
      for await (const { event } of readEvents(broker.connection, options)) throw new Error(`nobody sent ${event.id}`);
    })();
    for (let i = 0; i < turns; i++) await turn();
    stop.abort();
    await reading;
  }
});
