import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import type { ArtifactName } from '@agent-forge/contracts';
import { cognate } from '../registry.js';
import { Workshop, type Done } from '../testing/workshop.js';
import { phase as training } from './index.js';

/** The planted situation: a network that has begun to learn these tasks and is far from its end. */
const FAMILIES = { copy: 1, rev: 1, sort: 1, next: 1, up: 1 };
const BEGUN = {
  hiddenSize: 128,
  intermediateSize: 256,
  contextLength: 64,
  seeds: { all: [] },
  trunkShare: 0.9,
  steps: 130,
  generalist: false,
  itemsPerFamily: 50,
};
const ARMS = { steps: 150, itemsPerFamily: 200, learningRate: 0.002 };
/** In milliseconds. */
const MINUTE = 60_000;

let workshop: Workshop;
let inputs: readonly ArtifactName[];
beforeAll(async () => {
  workshop = await Workshop.open(FAMILIES);
  const { outcome } = await workshop.run(cognate, { params: BEGUN, threads: 2 });
  inputs = outcome.artifacts.filter(({ role }) => role === 'trunk');
}, 4 * MINUTE);
afterAll(() => workshop?.close());

const train = (params: object): Promise<Done> =>
  workshop.run(training, { params: { ...ARMS, ...params }, inputs, threads: 2 });
const differenceOf = async ({ outcome }: Done, name: string) => {
  const { comparisons } = await workshop.report(outcome);
  return comparisons.find((each) => each.name === name)!.difference;
};

describe('a network that is far from its end', () => {
  test(
    'becomes better by training on, beyond doubt, and passes the gate of half the loss',
    async () => {
      const done = await train({ arms: ['plain'] });
      const { low } = await differenceOf(done, 'plain − input');
      expect(low).toBeGreaterThan(0.02);
      expect(training.gate(done.outcome, { maxRegression: 0, minLossReduction: 0.5 } as never)).toEqual([]);
    },
    4 * MINUTE,
  );

  test(
    'is kept in the band of success, though all items together are far from it',
    async () => {
      const families = { copy: 1, rev: 1, sort: 1, max: 2, add: 2 };
      const params = { ...ARMS, arms: ['plain'], edgeOfChaos: true, poolItems: 3000, successWindow: 200 };
      const { outcome } = await workshop.run(training, { params, inputs, families, threads: 2 });
      const { figures, rows } = await workshop.report(outcome);
      expect(rows[0]!.accuracy!.high).toBeLessThan(0.5);
      // Measured on fresh items of the mix that it is trained on.
      expect(figures['plainSuccess']).toBeGreaterThan(0.55);
      expect(figures['plainSuccess']).toBeLessThan(0.75);
      expect(figures['plainInBand']).toBeGreaterThan(0.5);
    },
    4 * MINUTE,
  );
});
