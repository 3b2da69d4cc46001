import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { cognate } from '../registry.js';
import { Workshop, type Done } from '../testing/workshop.js';
import { seedMix, seedPlans } from './mix.js';

const FAMILIES = { up: 1, next: 1, copy: 1, sort: 1 };
/** A network that trains in a second and learns little. */
const SMALL = {
  hiddenSize: 32,
  intermediateSize: 64,
  layers: 1,
  heads: 2,
  contextLength: 64,
  rows: 4,
  steps: 60,
  itemsPerFamily: 20,
  seeds: { letters: ['up', 'next'], order: { copy: 2, sort: 1 } },
};

let workshop: Workshop;
let done: Done;
beforeAll(async () => {
  workshop = await Workshop.open(FAMILIES);
  done = await workshop.run(cognate, { params: SMALL });
});
afterAll(() => workshop?.close());

describe('cognate', () => {
  test('makes a trunk, the seeds from it and the generalist, and measures them on the same items', async () => {
    const { artifacts, metrics } = done.outcome;
    expect(artifacts.map(({ role }) => role)).toEqual(['trunk', 'seed-letters', 'seed-order', 'generalist', 'report']);
    const trunk = artifacts[0]!.id;
    for (const { id, role } of artifacts.slice(1, 4)) {
      const { lineage } = await workshop.artifacts.manifest(id);
      expect(lineage).toMatchObject({ parents: [trunk], phase: 'cognate', seed: 1, params: { role, steps: 15 } });
    }
    const { rows, figures } = await workshop.report(done.outcome);
    expect(rows.map(({ name }) => name)).toEqual(['trunk', 'seed-letters', 'seed-order', 'generalist', 'average']);
    for (const { accuracy, families } of rows) {
      expect(Object.keys(families!).sort()).toEqual(Object.keys(FAMILIES).sort());
      expect(accuracy!.low).toBeLessThanOrEqual(accuracy!.estimate);
      for (const { items } of Object.values(families!)) expect(items).toBe(20);
    }
    const loss = (name: string) => rows.find((row) => row.name === name)!.loss!;
    expect(figures['mergeBarrier']).toBeCloseTo(loss('average') - (loss('seed-letters') + loss('seed-order')) / 2, 10);
    expect(metrics['trunkLoss']).toBe(loss('trunk'));
    expect(cognate.gate(done.outcome, { minSpecialisation: 0 } as never)).toEqual([]);
  });

  test('says how far it is, and never goes back', () => {
    const fractions = done.progress.map(({ fraction }) => fraction);
    expect(fractions.at(-1)).toBe(1);
    expect(fractions).toEqual([...fractions].sort((a, b) => a - b));
    expect(new Set(done.progress.map(({ stage }) => stage))).toEqual(
      new Set(['train trunk', 'train seed-letters', 'train seed-order', 'train generalist', 'measure']),
    );
  });

  test('gives the same artifacts for the same seed, and others for another', async () => {
    const again = await workshop.run(cognate, { params: SMALL });
    expect(again.outcome).toEqual(done.outcome);
    const other = await workshop.run(cognate, { params: SMALL, seed: 2 });
    expect(other.outcome.artifacts[0]!.id).not.toBe(done.outcome.artifacts[0]!.id);
  });

  test('turns a time into steps by a measured rate', async () => {
    const { steps: _, ...timed } = SMALL;
    const { outcome } = await workshop.run(cognate, { params: { ...timed, maxSeconds: 1, itemsPerFamily: 10 } });
    const { lineage } = await workshop.artifacts.manifest(outcome.artifacts[0]!.id);
    expect(lineage.params['steps']).toBeGreaterThan(1);
  });

  test('takes imported models as they are, as seeds', async () => {
    const inputs = done.outcome.artifacts
      .filter(({ role }) => role.startsWith('seed-'))
      .map((artifact) => ({ ...artifact, role: artifact.role.replace('seed-', '') }));
    const { outcome, taskRuns } = await workshop.run(cognate, { params: SMALL, inputs });
    expect(taskRuns).toBe(0);
    expect(outcome.artifacts.map(({ id, role }) => [id, role]).slice(0, 2)).toEqual(
      inputs.map(({ id, role }) => [id, `seed-${role}`]),
    );
    const { rows } = await workshop.report(outcome);
    expect(rows.map(({ name }) => name)).toEqual(['seed-letters', 'seed-order', 'average']);
  });

  test.each([
    [
      { seeds: { x: ['ad'] } },
      /seeds.x of cognate names the family ad, which is not in the mix \(up, next, copy, sort\)/,
    ],
    [{ heads: 3 }, /heads of cognate is 3; it must divide/],
    [{ rowLength: 64, contextLength: 32 }, /rowLength of cognate is 64, more than the 32 positions/],
  ])('refuses %j before any work', async (params, message) => {
    const refused = workshop.run(cognate, { params: { ...SMALL, ...params } });
    await expect(refused).rejects.toMatchObject({ code: 'INVALID_ARGUMENT', message: expect.stringMatching(message) });
  });
});

test("a seed's mix has its own share from its own families, and keeps the others", () => {
  const mix = seedMix({ a: 3, b: 1, c: 4 }, { a: 3, b: 1 }, 0.6);
  expect(mix).toEqual({ a: 0.4 * (3 / 8) + 0.6 * 0.75, b: 0.4 * (1 / 8) + 0.6 * 0.25, c: 0.4 * 0.5 });
  expect(seedMix({ a: 3, b: 1 }, {}, 0.6)).toEqual({ a: 3, b: 1 });
  expect(seedMix({ a: 3, b: 1 }, { a: 9 }, 1)).toEqual({ a: 1 });
});

test('a recipe names its seeds, with its own weights or those of the mix; the usual ones are left what the mix has', () => {
  const families = { add: 3, copy: 1, sort: 2 };
  expect(seedPlans({ seeds: { x: ['add', 'sort'], y: { copy: 5 } } }, families)).toEqual([
    { role: 'seed-x', own: { add: 3, sort: 2 } },
    { role: 'seed-y', own: { copy: 5 } },
  ]);
  expect(seedPlans({}, families)).toEqual([
    { role: 'seed-reasoning', own: { add: 3 } },
    { role: 'seed-memory', own: { copy: 1 } },
    { role: 'seed-speed', own: { sort: 2 } },
  ]);
});
