import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import type { ArtifactName } from '@agent-forge/contracts';
import { phase as bitnet } from '../bitnet/index.js';
import { resolveParams } from '../phase.js';
import { phase as cognate } from '../cognate/index.js';
import type { PhaseReport } from '../shared/report.js';
import { Workshop, type Done } from '../testing/workshop.js';
import { phase } from './index.js';

/** The planted situation: a network that knows its tasks, and what became of it by ternary training. */
const FAMILIES = { copy: 1, rev: 1, sort: 1, next: 1, rot: 1 };
const PARENT = {
  ...{ hiddenSize: 256, intermediateSize: 256, contextLength: 64, seeds: { all: [] }, trunkShare: 0.9 },
  ...{ steps: 240, generalist: false, itemsPerFamily: 50 },
};
const TERNARY = { steps: 120, itemsPerFamily: 50, speedTokens: 0, control: false, exports: [] };
const FLOAT_CANDIDATES = ['int8+int8', 'int4+int8', 'vq3+int8', 'vq2+int8', 'seedlm4+int8', 'seedlm3+int8'];
const TERNARY_CANDIDATES = ['tq2+f16', 'tq1+int8', 'rans+int8', 'rans+int4'];
/** Enough for the interval of a candidate that changes hardly an answer. */
const ITEMS = { selectItemsPerFamily: 300, divergenceItemsPerFamily: 50, itemsPerFamily: 300 };
/** In milliseconds. */
const MINUTE = 60_000;

let shop: Workshop;
let float: ArtifactName;
let ternary: ArtifactName;
let done: Done;
let report: PhaseReport;
beforeAll(async () => {
  shop = await Workshop.open(FAMILIES);
  const parent = await shop.run(cognate, { params: PARENT, threads: 2 });
  float = parent.outcome.artifacts.find(({ role }) => role === 'trunk')!;
  const trained = await shop.run(bitnet, { inputs: [float], params: TERNARY, threads: 2 });
  ternary = trained.outcome.artifacts[0]!;
  const candidates = [...TERNARY_CANDIDATES, ...FLOAT_CANDIDATES];
  done = await shop.run(phase, { inputs: [ternary], params: { ...ITEMS, candidates }, threads: 2 });
  report = await shop.report(done.outcome);
}, 10 * MINUTE);
afterAll(() => shop?.close());

const candidate = (name: string) => report.selection!.find((each) => each.name === name)!;

describe('of a ternary model that knows its tasks', () => {
  test('a ternary form is the smallest that keeps it, more than twelve times smaller, and passes the gate', () => {
    const { metrics } = done.outcome;
    expect(report.rows.find(({ name }) => name === 'before')!.accuracy!.estimate).toBeGreaterThan(0.5);
    expect(metrics['timesSmaller']).toBeGreaterThan(12);
    expect(phase.gate(done.outcome, resolveParams(phase, {}))).toEqual([]);
    const { notes } = done;
    expect(notes.map(({ code }) => code)).toEqual(['CHOSEN']);
    expect(notes[0]!.message).toMatch(/^(?:rans|tq1)\+/);
  });

  test('entropy-coded codes are smaller than packed ones and say the same', () => {
    expect(candidate('rans+int8').sizeBytes).toBeLessThan(candidate('tq1+int8').sizeBytes);
    expect(candidate('rans+int8').accuracy).toBe(candidate('tq1+int8').accuracy);
    expect(candidate('rans+int8').divergence).toBeCloseTo(candidate('tq1+int8').divergence, 6);
  });

  test('of the floating-point parent more bits are closer to it; the teacher that was found is that parent', () => {
    expect(report.rows.find(({ name }) => name === 'teacher')!.artifactId).toBe(float.id);
    for (const [more, fewer] of [
      ['int8+int8', 'int4+int8'],
      ['vq3+int8', 'vq2+int8'],
      ['seedlm4+int8', 'seedlm3+int8'],
    ] as const) {
      expect(candidate(more).divergence).toBeLessThan(candidate(fewer).divergence);
      expect(candidate(more).sizeBytes).toBeGreaterThan(candidate(fewer).sizeBytes);
    }
  });

  test('nothing that was refused is on a line with what was chosen: each is larger, or keeps less', () => {
    const { sizeBytes } = done.outcome.metrics as { sizeBytes: number };
    for (const { refused, retention, sizeBytes: other } of report.selection!)
      if (refused !== undefined) expect(other > sizeBytes || retention.low < 0.99).toBe(true);
  });
});

test(
  'of the floating-point parent itself one of fewer than six bits keeps it, and ternary candidates are left out',
  async () => {
    const candidates = ['f16+f16', 'int8+int8', 'int4+int8', 'vq3+int8', 'tq1+int8'];
    const params = { ...ITEMS, candidates, exports: [], minRetention: 0.98 };
    const { outcome, notes } = await shop.run(phase, { inputs: [float], params, threads: 2 });
    expect(notes.map(({ code }) => code)).toEqual(['CANDIDATE_SKIPPED', 'CHOSEN']);
    expect(outcome.metrics['bitsPerWeight']).toBeLessThan(6);
    expect(outcome.metrics['retention']).toBeGreaterThan(0.97);
  },
  10 * MINUTE,
);
