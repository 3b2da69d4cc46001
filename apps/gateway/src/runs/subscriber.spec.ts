import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { Rng, type RunView } from '@agent-forge/contracts';
import {
  cancelRun,
  createRun,
  forkRun,
  getRun,
  listRuns,
  pauseRun,
  resumeRun,
  retryRun,
  type Connection,
} from '@agent-forge/sdk';
import { readRuns } from '../testing/outside-subscriber.js';
import { World } from '../testing/world.js';

let world: World;
let client: Connection;
beforeAll(async () => {
  world = await World.create();
  client = await world.connect();
});
afterAll(() => world?.destroy());

const create = () =>
  createRun(client, {
    families: { add: 1 },
    phases: [{ phase: 'cognate', params: { steps: 5 } }, { phase: 'evomerge' }],
  });

/** What a worker does, one step after the other; what makes no sense is refused or changes nothing, as in life. */
async function work(run: string, phase: string, end: 'complete' | 'fail' | 'release' | 'vanish'): Promise<void> {
  const worker = `w${run.slice(-3)}`;
  const claimed = await world.log.execute('main', run, { do: 'claim', phase, worker });
  if (end === 'vanish' || !('event' in claimed) || claimed.event.name !== 'phase.started') return;
  const about = { phase, attempt: claimed.event.data.attempt, worker };
  await world.log.execute('main', run, { do: 'plan', ...about, plan: { steps: 5 } });
  const checkpoint = { state: { step: 3 }, artifacts: [] };
  await world.log.execute('main', run, { do: 'checkpoint', ...about, number: 1, checkpoint });
  const error = { code: 'STORE_UNAVAILABLE', message: 'planted' };
  const artifacts = [{ id: 'ab'.repeat(32), kind: 'model', role: `${phase}-1` }];
  if (end === 'complete') {
    await world.log.execute('main', run, { do: 'complete', ...about, result: { artifacts, metrics: { loss: 0.5 } } });
  } else await world.log.execute('main', run, { do: end, ...about, error });
  await world.log.execute('main', run, { do: 'settle' });
}

/** What an outside reader can know of a run. */
const seen = ({ status, phases, artifacts }: RunView) => ({
  status,
  phases: phases.map(({ phase, status: s, attempt, artifacts: made, metrics }) => ({
    phase,
    status: s,
    attempt,
    artifacts: made,
    metrics,
  })),
  artifacts,
});

test('a subscriber with a plain client, from the start of the log, has every run as the gateway has it', async () => {
  const { id: done } = await create();
  await work(done, 'cognate', 'complete');
  await work(done, 'evomerge', 'complete');
  await retryRun(client, done, { phase: 'evomerge', params: { population: 4 } });
  await work(done, 'evomerge', 'complete');
  await forkRun(client, done, { phase: 'evomerge' });
  const { id: failed } = await create();
  await work(failed, 'cognate', 'fail');
  const { id: paused } = await create();
  await work(paused, 'cognate', 'vanish');
  await pauseRun(client, paused, 'lunch');
  await resumeRun(client, paused);
  await work(paused, 'cognate', 'release');
  await pauseRun(client, paused);
  await cancelRun(client, (await create()).id, 'enough');
  expect(seen(await getRun(client, done))).toMatchObject({
    status: 'completed',
    phases: [{ attempt: 1 }, { attempt: 2 }],
  });

  // And whatever else happens, in any order.
  const rng = Rng.derive(11, 'subscriber');
  const ids = [(await create()).id, (await create()).id, (await create()).id];
  for (let step = 0; step < 60; step++) {
    const run = rng.pick(ids);
    const phase = rng.pick(['cognate', 'evomerge']);
    const act = rng.pick([
      () => work(run, phase, rng.pick(['complete', 'complete', 'release', 'vanish', 'fail'])),
      () => pauseRun(client, run),
      () => resumeRun(client, run),
      () => retryRun(client, run, { phase }),
      () => forkRun(client, run, { phase }),
    ]);
    await act().catch((error: { code: string }) => expect(error.code).toBe('RUN_CONFLICT'));
  }

  const { url, user, password } = world.broker.server;
  const read = await readRuns({ servers: url, user, pass: password });
  const statuses = new Set<string>();
  let count = 0;
  for await (const run of listRuns(client)) {
    const outside = read.get(`main/${run.id}`)!;
    const phases = outside.phases.map(({ worker: _, ...phase }) => phase);
    expect({ ...outside, phases }).toMatchObject(seen(run));
    statuses.add(run.status);
    count += 1;
  }
  expect(count).toBe(read.size);
  expect([...statuses].sort()).toEqual(['cancelled', 'completed', 'failed', 'paused', 'running']);
});
