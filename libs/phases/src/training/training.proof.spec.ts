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
}, 2 * MINUTE);
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
    2 * MINUTE,
  );

  test(
    'is kept in the band of success, where its control leaves it',
    async () => {
      const done = await train({ arms: ['plain', 'shuffled'], edgeOfChaos: true, poolItems: 3000, steps: 200 });
      const { figures, rows } = await workshop.report(done.outcome);
      console.log(
        JSON.stringify(figures),
        rows.map(({ name, accuracy }) => [name, accuracy!.estimate]),
      );
    },
    2 * MINUTE,
  );
});
