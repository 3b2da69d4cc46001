import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { resolveParams } from '../phase.js';
import { bitnet, cognate } from '../registry.js';
import type { PhaseReport, ReportRow } from '../shared/report.js';
import { Workshop, type Done } from '../testing/workshop.js';
import { phase } from './index.js';

/** The planted situation: a ternary network that has begun to learn several tasks and has finished few. */
const FAMILIES = { copy: 1, rev: 1, sort: 1, next: 1, rot: 1, max: 1 };
const PARENT = {
  hiddenSize: 128,
  intermediateSize: 256,
  contextLength: 64,
  seeds: { all: [] },
  trunkShare: 0.9,
  steps: 160,
  generalist: false,
  itemsPerFamily: 50,
};
const TERNARY = { steps: 80, rows: 24, control: false, exports: [], speedTokens: 0, itemsPerFamily: 50 };
const EXPERTS = { steps: 100, itemsPerFamily: 200, agents: { generations: 1, items: 150, reportItems: 200 } };
/** In milliseconds. */
const MINUTE = 60_000;

let shop: Workshop;
let done: Done;
let report: PhaseReport;
beforeAll(async () => {
  shop = await Workshop.open(FAMILIES);
  const { outcome } = await shop.run(cognate, { params: PARENT, threads: 2 });
  const trunk = outcome.artifacts.find(({ role }) => role === 'trunk')!;
  const ternary = await shop.run(bitnet, { inputs: [trunk], params: TERNARY, threads: 2 });
  done = await shop.run(phase, { inputs: [ternary.outcome.artifacts[0]!], params: EXPERTS, threads: 2 });
  report = await shop.report(done.outcome);
  console.log(
    JSON.stringify(report.figures),
    report.rows.map(lineOf).join('\n'),
    report.verdicts.join('\n'),
    JSON.stringify(report.agents),
  );
}, 8 * MINUTE);
afterAll(() => shop?.close());

const lineOf = ({ name, families }: ReportRow) =>
  `${name} ${Object.entries(families!).map(([family, { accuracy, loss }]) => `${family} ${accuracy.estimate} (${loss.toFixed(3)})`)}`;
const row = (name: string) => report.rows.find((each) => each.name === name)!;
const experts = () =>
  report.rows.flatMap(({ name }) => (name.startsWith('expert-') ? [name.slice('expert-'.length)] : []));
const loss = (of: string, domain: string) => row(of).families![domain]!.loss;

describe('experts of a ternary model', () => {
  test('get the questions of their own domain, and no others, in more than 95 of 100 cases', () => {
    expect(experts()).toHaveLength(3);
    expect(report.figures['dispatchAccuracy']).toBeGreaterThan(0.95);
  });

  test('predict their own domain better than the base model, than every other expert, and than their own factors in another order', () => {
    for (const domain of experts())
      for (const other of [
        'base',
        'shuffled',
        ...experts().flatMap((name) => (name === domain ? [] : [`expert-${name}`])),
      ])
        expect([domain, other, loss(`expert-${domain}`, domain) < loss(other, domain)]).toEqual([domain, other, true]);
  });

  test('together answer more than the base model, beyond doubt', () => {
    const routed = report.comparisons.find(({ name }) => name === 'routed − base')!;
    expect(routed.difference.low).toBeGreaterThan(0);
  });

  test('are what the search for agents finds, and sends questions to: better than the single greedy answer on fresh items', async () => {
    const adapted = done.outcome.artifacts[0]!;
    const { files } = await shop.artifacts.manifest(adapted.id);
    expect(files.map(({ name }) => name)).toEqual(expect.arrayContaining(['agent.json', 'experts/experts.json']));
    const chosen = report.agents!.find(({ isChosen }) => isChosen)!;
    expect(chosen.name).toMatch(/^route to the expert/);
    const { difference } = report.comparisons.find(({ better }) => better === chosen.name)!;
    expect(difference.low).toBeGreaterThan(0);
  });

  test('pass the gate at its default', () => {
    expect(phase.gate(done.outcome, resolveParams(phase, {}))).toEqual([]);
  });
});
