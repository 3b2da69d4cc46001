import { jetstream } from '@nats-io/jetstream';
import { create } from '@bufbuild/protobuf';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { RecipeSchema } from '@agent-forge/contracts';
import { loadAllRuns } from './all-runs.js';
import { RunLog } from './run-log.js';
import { startTestBroker, type TestBroker } from './testing.js';

let broker: TestBroker;
beforeAll(async () => void (broker = await startTestBroker()));
afterAll(() => broker?.stop());

test('all runs of all tenants are folded to the end of the log, and nothing is known of an empty one', async () => {
  expect(await loadAllRuns(broker.connection)).toEqual({ runs: [], strayDigests: [] });
  const log = new RunLog(broker.connection, '/agentforge/test');
  const recipe = create(RecipeSchema, { name: 'x', seed: 1, phases: [{ phase: 'cognate' }] });
  // More than one answer of the broker holds.
  for (let i = 0; i < 300; i++) await log.execute(`t${i % 3}`, `r${i}`, { do: 'request', recipe, requestedBy: 'test' });
  await log.execute('t0', 'r0', { do: 'cancel', cancelledBy: 'test', reason: '' });
  const stray = 'ab'.repeat(32);
  await jetstream(broker.connection).publish(
    'forge.events.t0.r0.cognate.unknown.none',
    `{"artifact":"${stray}","x":1}`,
  );
  const { runs, strayDigests } = await loadAllRuns(broker.connection);
  expect(runs).toHaveLength(300);
  expect(runs.filter(({ status }) => status === 'cancelled').map(({ tenant, run }) => [tenant, run])).toEqual([
    ['t0', 'r0'],
  ]);
  expect(strayDigests).toEqual([stray]);
  const { state } = await log.load('t1', 'r1');
  expect(runs.find(({ run }) => run === 'r1')).toEqual(state);
});
