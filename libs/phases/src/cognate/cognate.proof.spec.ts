import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { cognate } from '../registry.js';
import type { PhaseReport } from '../shared/report.js';
import { Workshop } from '../testing/workshop.js';

/** Tasks that a small network learns within some hundred steps. */
const FAMILIES = { sort: 1.5, max: 1, 'sort@end': 1, copy: 1.5, rev: 1, 'copy@end': 1 };
const SEEDS = { order: ['sort', 'max', 'sort@end'], letters: ['copy', 'rev', 'copy@end'] };
const SMALL = { hiddenSize: 96, intermediateSize: 192, contextLength: 64, generalist: false, itemsPerFamily: 100 };
/** Parts of the same number of steps that train the trunk. */
const TRUNKS = [0, 0.1, 0.3];

let workshop: Workshop;
const reports = new Map<number, PhaseReport>();
beforeAll(async () => {
  workshop = await Workshop.open(FAMILIES);
  for (const trunkShare of TRUNKS) {
    const params = { ...SMALL, seeds: SEEDS, trunkShare, steps: 800, learningRate: 0.02 };
    const { outcome } = await workshop.run(cognate, { params, threads: 2 });
    expect(cognate.gate(outcome, { minSpecialisation: 0.8, minAccuracy: 0 } as never)).toEqual([]);
    reports.set(trunkShare, await workshop.report(outcome));
  }
}, 1_200_000);
afterAll(() => workshop?.close());

describe('seeds trained for real', () => {
  test('are each the best at what is theirs', () => {
    for (const { figures } of reports.values()) expect(figures['specialisation']).toBeGreaterThanOrEqual(0.8);
  });

  test('can be averaged only if they come from one trunk: a tenth of the steps helps much, from a third on nothing is lost', () => {
    const [none, tenth, third] = TRUNKS.map((share) => reports.get(share)!.figures['mergeBarrier']!) as [
      number,
      number,
      number,
    ];
    // Nats per token. Seen: 2.32, 0.08 and -0.01; beyond a third it only varies around 0, so no order is claimed there.
    expect(none).toBeGreaterThan(0.5);
    expect(tenth).toBeLessThan(none / 4);
    expect(third).toBeLessThan(0.05);
  });
});
