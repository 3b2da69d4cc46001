import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import type { ArtifactName } from '@agent-forge/contracts';
import { bootstrapPairedDifference } from '@agent-forge/model';
import { cognate, evomerge } from '../registry.js';
import { evaluateFamilies, familyItems } from '../shared/families.js';
import type { Checkpoint } from '../task.js';
import { Workshop, type Done } from '../testing/workshop.js';

/** The planted task: from one trunk, each parent learns nothing but its own half of the families. */
const HALVES = { one: ['copy', 'rev', 'up'], two: ['sort', 'next', 'rot'] };
const FAMILIES = Object.fromEntries(Object.values(HALVES).flatMap((names) => names.map((name) => [name, 1])));
const PARENTS = {
  hiddenSize: 128,
  intermediateSize: 256,
  contextLength: 64,
  seeds: HALVES,
  ownShare: 1,
  steps: 320,
  generalist: false,
  itemsPerFamily: 100,
};
const SEARCH = { evaluations: 120, population: 10, patience: 100 };
/** In milliseconds. */
const MINUTE = 60_000;

let workshop: Workshop;
let inputs: readonly ArtifactName[];
let found: Done;
const saved: Checkpoint[] = [];
beforeAll(async () => {
  workshop = await Workshop.open(FAMILIES);
  inputs = (await workshop.run(cognate, { params: PARENTS, threads: 2 })).outcome.artifacts;
  const onCheckpoint = (checkpoint: Checkpoint) => saved.push(checkpoint);
  found = await workshop.run(evomerge, { params: SEARCH, inputs, threads: 2, onCheckpoint });
}, 10 * MINUTE);
afterAll(() => workshop?.close());

describe('the champion of two parents that know one half of a task each', () => {
  test('beats both of them, and their average, on the report part', async () => {
    const { rows, comparisons, verdicts } = await workshop.report(found.outcome);
    const row = (name: string) => rows.find((each) => each.name === name)!;
    // What was planted: each parent is good at its own half, and has lost some of the other.
    for (const [own, other] of [Object.keys(HALVES), Object.keys(HALVES).reverse()] as [
      'one' | 'two',
      'one' | 'two',
    ][]) {
      for (const family of HALVES[own])
        expect(row(`seed-${own}`).families![family]!.accuracy.estimate).toBeGreaterThan(0.85);
      expect(Math.min(...HALVES[other].map((f) => row(`seed-${own}`).families![f]!.accuracy.estimate))).toBeLessThan(
        0.3,
      );
    }
    for (const than of ['seed-one', 'seed-two', 'average'])
      expect(comparisons.find((each) => each.than === than)!.difference.low).toBeGreaterThan(0.05);
    expect(verdicts).toContain('the champion beats every parent');
  });

  test(
    'beats the champion of a random search with as many evaluations',
    async () => {
      const random = await workshop.run(evomerge, { params: { ...SEARCH, algorithm: 'random' }, inputs, threads: 2 });
      expect(random.outcome.metrics['evaluations']).toBe(found.outcome.metrics['evaluations']);
      // A draw of their own.
      const items = familyItems(FAMILIES, 'report', 200, 'proof');
      const host = { threads: 2, signal: new AbortController().signal };
      const [mine, theirs] = await Promise.all(
        [found, random].map(async ({ outcome }) =>
          evaluateFamilies(await workshop.model(outcome, 'merged'), items, host),
        ),
      );
      const { low } = bootstrapPairedDifference(mine!.correct, theirs!.correct, { seed: 0 });
      expect(low).toBeGreaterThan(0.05);
    },
    5 * MINUTE,
  );

  test(
    'is the same after a kill: the search goes on with the same trajectory, to the last bit',
    async () => {
      const after: Checkpoint[] = [];
      const resumed = await workshop.run(evomerge, {
        params: SEARCH,
        inputs,
        threads: 2,
        checkpoint: JSON.parse(JSON.stringify(saved[4])) as Checkpoint,
        onCheckpoint: (checkpoint) => after.push(checkpoint),
      });
      expect(after).toEqual(saved.slice(5));
      expect(resumed.outcome).toEqual(found.outcome);
    },
    5 * MINUTE,
  );
});
