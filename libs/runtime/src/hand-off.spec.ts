import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import type { EventOf, LogEvent } from '@agent-forge/contracts';
import { World } from './testing/world.js';

let world: World;
beforeAll(async () => {
  world = await World.create();
});
afterAll(() => world?.destroy());

const completions = (events: LogEvent[]) =>
  events.filter((e): e is EventOf<'phase.completed'> => e.name === 'phase.completed');
const attempts = (events: LogEvent[]) => events.filter(({ name }) => name === 'phase.started').length;

/** Every gap of the hand-off protocol, and how many attempts a kill in it costs. */
const GAPS = [
  { phase: 'claimcompute', failpoint: 'after-claim', attempts: 2 },
  { phase: 'incompute', params: { failures: 1, failBy: 'kill' }, attempts: 2 },
  { phase: 'storeappend', params: { failures: 1, failBy: 'killAfterStore' }, attempts: 2 },
  { phase: 'beforeappend', failpoint: 'before-append', attempts: 2 },
  { phase: 'beforesettle', failpoint: 'before-settle', attempts: 1 },
  { phase: 'beforeack', failpoint: 'before-ack', attempts: 1 },
];

describe('a worker that is killed', () => {
  // All gaps at once: each waits for the broker's ack deadline of 10 s.
  test('in any gap of the protocol costs at most one attempt, and one completion counts', async () => {
    const results = await Promise.all(
      GAPS.map(async ({ phase, failpoint, params = {} }) => {
        const victim = await world.serve(phase, failpoint ? { FORGE_FAILPOINT: failpoint } : {});
        await world.request(phase, { phase, params });
        const end = await victim.ended;
        await world.serve(phase);
        const events = await world.end(phase);
        const [completion] = completions(events);
        const digest = (await world.store.manifest(completion!.data.artifacts[0]!.id)).files[0]!.digest;
        let sizeBytes = 0;
        for await (const chunk of world.store.readFile(digest)) sizeBytes += chunk.length;
        return {
          phase,
          end,
          attempts: attempts(events),
          completions: completions(events).length,
          isStored: sizeBytes > 0,
        };
      }),
    );
    expect(results).toEqual(
      GAPS.map((gap) => ({ phase: gap.phase, end: 'SIGKILL', attempts: gap.attempts, completions: 1, isStored: true })),
    );
  });

  test('five times in a row fails the run, with a dead letter, instead of being tried for ever', async () => {
    // The claims of dead workers are written directly: waiting for five ack deadlines would take a minute and show the same.
    await world.request('doomed', { phase: 'doomed' });
    for (let i = 0; i < 5; i++)
      await world.log.execute('t1', 'doomed', { do: 'claim', phase: 'doomed', worker: `dead${i}` });
    await world.serve('doomed');
    const last = (await world.end('doomed')).at(-1)!;
    expect(last).toMatchObject({ name: 'run.failed', data: { error: { code: 'ATTEMPTS_EXHAUSTED' } } });
  });
});

test('the broker is killed while a phase is at work: the run goes on and ends', async () => {
  const service = await world.serve('brokerless');
  await world.request('brokerless', { phase: 'brokerless', params: { rounds: 60, roundMs: 50 } });
  await world.until('brokerless', ({ name }) => name === 'phase.started');
  await world.broker.crash();
  const events = await world.end('brokerless');
  expect(completions(events)).toHaveLength(1);
  expect(events.at(-1)!.name).toBe('run.completed');
  expect(service.process.exitCode).toBeNull();
  const ready = await fetch(`${service.url}/ready`);
  expect(ready.status).toBe(200);
});

test('a service whose broker does not answer is alive but not ready', async () => {
  const service = await world.serve('patient');
  const status = async (path: string) => (await fetch(`${service.url}/${path}`)).status;
  process.kill(world.broker.server.pid, 'SIGSTOP');
  try {
    expect([await status('health'), await status('ready')]).toEqual([200, 503]);
    const answer = await (await fetch(`${service.url}/ready`)).json();
    expect(answer).toMatchObject({
      status: 'error',
      error: { broker: { status: 'down', message: 'NATS does not answer' } },
    });
  } finally {
    process.kill(world.broker.server.pid, 'SIGCONT');
  }
  for (let i = 0; i < 600 && (await status('ready')) !== 200; i++) await new Promise((r) => setTimeout(r, 50));
  expect(await status('ready')).toBe(200);
});
