import { mkdtemp } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import type { Manifest } from '@agent-forge/contracts';
import type { Model } from '@agent-forge/model';
import { definePhase, paramsOf, type Phase } from '../../phase.js';
import { tinyModel } from '../../testing/tiny-model.js';
import { Workshop } from '../../testing/workshop.js';
import type { PhaseReport, ReportRow } from '../report.js';
import { exactly, isLost, type PhaseClaim } from './claim.js';
import { comparedClaims } from './compared.js';
import { proveAgain } from './prove-again.js';

let shop: Workshop;
beforeAll(async () => {
  shop = await Workshop.open({});
});
afterAll(() => shop.close());

const share = (estimate: number) => ({ estimate, low: estimate - 0.05, high: estimate + 0.05 });
const row = (name: string, estimate: number): ReportRow => ({ name, accuracy: share(estimate) });
const reportOf = (phase: string, rows: readonly ReportRow[], results: readonly string[]): PhaseReport => ({
  ...{ phase, rows, results, figures: {}, verdicts: [] },
  comparisons: rows.slice(1).map(({ name }) => ({ name: '', better: rows[0]!.name, than: name, difference: share(0) })),
});

test('comparisons of what went on become claims, with the later model in its place', async () => {
  const report = reportOf('bitnet', [row('ternary', 0.8), row('control', 0.7)], ['ternary']);
  const found = await comparedClaims({ report, row: row('after', 0.6) });
  expect(found).toEqual([
    {
      ...{ metric: 'accuracy', control: 'control', unit: 'share', gained: false },
      then: { value: share(0.8), control: share(0.7) },
      now: { value: share(0.6), control: share(0.7) },
    },
  ]);
  expect(found.map(isLost)).toEqual([true]);
  expect(await comparedClaims({ report: { ...report, results: ['other'] }, row: row('after', 0.6) })).toEqual([]);
});

test('a share is lost where its interval is below; bits per byte where the control is no longer beaten', () => {
  const claim = (unit: PhaseClaim['unit'], then: [number, number], now: [number, number]): PhaseClaim => ({
    ...{ metric: '', control: '', unit },
    then: { value: unit === 'share' ? share(then[0]) : exactly(then[0]), control: exactly(then[1]) },
    now: { value: unit === 'share' ? share(now[0]) : exactly(now[0]), control: exactly(now[1]) },
  });
  expect(isLost(claim('share', [0.8, 0.1], [0.75, 0.1]))).toBe(false);
  expect(isLost(claim('share', [0.8, 0.1], [0.6, 0.1]))).toBe(true);
  expect(isLost(claim('bits per byte', [1.8, 1.9], [1.85, 1.9]))).toBe(false);
  expect(isLost(claim('bits per byte', [1.8, 1.9], [1.95, 1.9]))).toBe(true);
  expect(isLost({ ...claim('share', [0.8, 0.1], [0, 0]), now: 'cannot be measured' })).toBe(false);
});

/** A phase that measures what stands in a weight of the model. */
const measuring = (name: string): Phase =>
  definePhase({
    ...{ name, module: import.meta.url, produces: [], params: paramsOf({}), fallback: null },
    ...{ consumes: { kind: 'model', atLeast: 1, data: false }, resources: { cpus: 1, memoryMiB: 1 } },
    proveAgain: async ({ model }) => [
      {
        ...{ metric: 'the weight', control: 'nothing', unit: 'share' },
        then: { value: share(0.9), control: share(0) },
        now: { value: share(weightOf(model)), control: share(0) },
      },
    ],
    run: () => Promise.reject(new Error('not run')),
    gate: () => [],
  });
const NORM = 'model.norm.weight';
const weightOf = ({ weights }: Model): number => weights.get(NORM)!.data[0]!;
const modelWith = (value: number): Model => {
  const model = tinyModel(1);
  const data = Float32Array.from(model.weights.get(NORM)!.data, () => value);
  return { ...model, weights: new Map([...model.weights, [NORM, { shape: [data.length], data }]]) };
};

test.each([
  ['the first one behind which it is gone', { evomerge: 0.9, bitnet: 0.88, training: 0.5 }, 0.4, 'training'],
  [
    'an earlier one, also where a later one made some of it good',
    { evomerge: 0.9, bitnet: 0.5, training: 0.7 },
    0.6,
    'bitnet',
  ],
  [
    'the last phase, where all before still have it',
    { evomerge: 0.9, bitnet: 0.9, training: 0.88 },
    0.4,
    'compression',
  ],
  ['none, where it holds', { evomerge: 0.9, bitnet: 0.1, training: 0.9 }, 0.88, undefined],
])('names %s', async (_, values, final, loser) => {
  const ancestors = new Map<string, Manifest>();
  for (const [phase, value] of Object.entries(values)) {
    const { id } = await shop.import(phase, modelWith(value), { phase });
    ancestors.set(id, await shop.artifacts.manifest(id));
  }
  const names = Object.keys(values);
  const reports = names.map((phase) => reportOf(phase, [row('result', 0.9)], ['result']));
  const workDir = await mkdtemp(join(shop.dir, 'proof-'));
  const { artifacts } = shop;
  const context = {
    artifacts,
    workDir,
    families: {},
    data: [],
    seed: 1,
    threads: 1,
    signal: new AbortController().signal,
  };
  const phases = [
    measuring('evomerge'),
    ...['bitnet', 'training'].map((name) => ({ ...measuring(name), proveAgain: async () => [] })),
  ];
  const place = { model: modelWith(final), folder: '', row: row('after', final) };
  const claims = await proveAgain(context, { phases, reports, ancestors, final: place });
  expect(claims.map(({ phase, metric, lostBy }) => [phase, metric, lostBy])).toEqual([
    ['evomerge', 'the weight', loser],
  ]);
});
