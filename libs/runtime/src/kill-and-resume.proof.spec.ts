import { afterAll, beforeAll, expect, test } from '@jest/globals';
import type { EventOf } from '@agent-forge/contracts';
import { requestBookRun, uploadBook } from './testing/book-run.js';
import { World } from './testing/world.js';

const EVALUATIONS = 12;
let worlds: World[];
beforeAll(async () => {
  // Two, so that the second run finds nothing that the first has kept.
  worlds = await Promise.all([World.create(), World.create()]);
});
afterAll(() => Promise.all(worlds.map((world) => world.destroy())));

type Completion = EventOf<'phase.completed'>;

async function completionsOf(world: World, run: string): Promise<Completion[]> {
  return (await world.end(run)).filter((event): event is Completion => event.name === 'phase.completed');
}

const models = (completions: readonly Completion[]) =>
  completions.flatMap(({ data }) => data.artifacts.filter(({ kind }) => kind === 'model').map(({ id }) => id));

test('a run whose services are killed in the middle of training and of the search ends with the same models, byte for byte', async () => {
  const [calm, rough] = worlds as [World, World];
  await Promise.all([calm.serveReal('cognate'), calm.serveReal('evomerge')]);
  await requestBookRun(calm, 'calm', await uploadBook(calm), EVALUATIONS);
  const undisturbed = await completionsOf(calm, 'calm');

  const [cognate, evomerge] = await Promise.all([rough.serveReal('cognate'), rough.serveReal('evomerge')]);
  await requestBookRun(rough, 'rough', await uploadBook(rough), EVALUATIONS);
  await rough.until('rough', ({ name, phase }) => name === 'phase.planned' && phase === 'cognate');
  cognate.process.kill('SIGKILL');
  await rough.serveReal('cognate');
  await rough.until('rough', ({ name, phase }) => name === 'phase.checkpointed' && phase === 'evomerge');
  evomerge.process.kill('SIGKILL');
  await rough.serveReal('evomerge');
  const resumed = await completionsOf(rough, 'rough');

  expect(resumed.map(({ data }) => data.attempt)).toEqual([2, 2]);
  expect(models(resumed)).toEqual(models(undisturbed));
  expect(models(resumed)).toHaveLength(4);
  const numbers = resumed[1]!.data.metrics;
  expect(numbers).toEqual(undisturbed[1]!.data.metrics);
  // Fewer generations would mean that the search had begun anew with what was left.
  const events = await rough.end('rough');
  const checkpoints = events.filter(({ name, phase }) => name === 'phase.checkpointed' && phase === 'evomerge');
  expect(checkpoints).toHaveLength(EVALUATIONS / 2);
});
