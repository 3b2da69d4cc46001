import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { World } from './testing/world.js';

let world: World;
beforeAll(async () => {
  world = await World.create();
});
afterAll(() => world?.destroy());

test('a worker that was paused past its deadline discards its result, and does not take the message from the one that overtook it', async () => {
  const paused = await world.serve('zombie');
  await world.request('zombie', { phase: 'zombie', params: { rounds: 160, roundMs: 50 } });
  await world.until('zombie', ({ name }) => name === 'phase.started');
  paused.process.kill('SIGSTOP');
  const second = await world.serve('zombie');
  await world.until('zombie', (event) => event.name === 'phase.started' && event.data.attempt === 2);
  paused.process.kill('SIGCONT');
  for (let i = 0; i < 1_200 && !paused.log().includes('the work is discarded'); i++) await sleep(50);
  expect(paused.log()).toContain('the work is discarded');
  // Had the paused worker acknowledged the message, nobody would go on now.
  second.process.kill('SIGKILL');
  const events = await world.end('zombie');
  const completions = events.filter(({ name }) => name === 'phase.completed');
  expect(completions).toMatchObject([{ data: { attempt: 3 } }]);
  expect(events.at(-1)!.name).toBe('run.completed');
});
