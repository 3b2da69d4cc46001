import { mkdtemp } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import type { ArtifactName } from '@agent-forge/contracts';
import {
  assertFits,
  isProjection,
  quantiseTernary,
  readExpertPack,
  TERNARY_TRAINING,
  weightsDigest,
  type ExpertPack,
} from '@agent-forge/model';
import { paramMistakes } from '../param-mistakes.js';
import { resolveParams } from '../phase.js';
import { Yardstick } from '../shared/yardstick.js';
import { tinyModel } from '../testing/tiny-model.js';
import { Workshop, type Done, type Job } from '../testing/workshop.js';
import { check } from './check.js';
import { phase } from './index.js';
import type { AdasParams } from './params.js';

const PARAMS = {
  ...{ steps: 8, rows: 4, rowLength: 32, experts: 2, itemsPerFamily: 20, routerItems: 8 },
  ...{ shots: 3, generations: 2, population: 6 },
  agents: { generations: 0 },
};
const FAMILIES = { up: 1, next: 1, copy: 1 };
let shop: Workshop;
let input: ArtifactName;
let done: Done;
beforeAll(async () => {
  shop = await Workshop.open(FAMILIES);
  const model = tinyModel(1);
  input = await shop.import('parent', { ...model, config: { ...model.config, ternary: TERNARY_TRAINING } });
  done = await run();
}, 120_000);
afterAll(() => shop?.close());

function run(params: object = {}, job: Job = {}): Promise<Done> {
  return shop.run(phase, { inputs: [input], ...job, params: { ...PARAMS, ...params } });
}

async function packOf({ outcome }: Done): Promise<ExpertPack> {
  const dir = join(await mkdtemp(join(shop.dir, 'pack-')), 'it');
  await shop.artifacts.materialise(outcome.artifacts.find(({ role }) => role === 'experts')!.id, dir);
  return readExpertPack(dir);
}

const rolesOf = ({ outcome }: Done) => outcome.artifacts.map(({ role, kind }) => [role, kind]);

describe('adas', () => {
  test('hands on the model that came in, with experts in a pack, and measures every expert on every domain', async () => {
    expect(rolesOf(done)).toEqual([
      ['adapted', 'model'],
      ['experts', 'expert-pack'],
      ['report', 'report'],
    ]);
    const { artifacts, metrics } = done.outcome;
    expect(artifacts[0]!.id).toBe(input.id);
    const report = await shop.report(done.outcome);
    const { experts, router } = await packOf(done);
    const names = experts.map(({ name }) => name);
    expect(names).toHaveLength(2);
    expect(report.rows.map(({ name }) => name)).toEqual([
      'base',
      ...names.map((name) => `expert-${name}`),
      'routed',
      'mixture',
      'generalist',
      'shuffled',
    ]);
    for (const { families } of report.rows) expect(Object.keys(families!)).toEqual(['copy', 'next', 'up']);
    const [table] = report.scores!;
    expect(table!.columns).toEqual(names);
    expect(table!.rows.map(({ name }) => name)).toEqual(report.rows.slice(0, -1).map(({ name }) => name));
    expect(report.results).toEqual(['base']);
    expect(report.verdicts.at(-1)).toBe(
      'the model that came in goes on, unchanged; the experts are in a pack beside it',
    );
    expect(report.comparisons.map(({ name }) => name)).toContain('routed − generalist');
    expect(metrics).toMatchObject({
      experts: 2,
      generalistAccuracy: expect.any(Number),
      mixtureEvaluations: 2 * 2 * 6,
    });
    expect(Object.keys(router!.expertOf)).toEqual(names);
    expect(router!.centroids.classes).toEqual(Object.keys(FAMILIES));
  });

  test('a search where no answer is ever right chooses no agent, and the model goes on as it came in', async () => {
    const agents = { generations: 2, population: 3, items: 2, reportItems: 2 };
    const { outcome } = await run({ steps: 2, generations: 0, agents });
    expect(outcome.artifacts[0]!.id).toBe(input.id);
    const { agentsGenerated, agentsAccepted, agentsRejected } = outcome.metrics;
    expect([agentsAccepted, agentsRejected]).toEqual([0, agentsGenerated]);
  });

  test('measures on the report part, and on no other', async () => {
    const model = await shop.model(done.outcome, 'adapted');
    const lossOn = async (part: 'select' | 'report') => {
      const job = { families: FAMILIES, data: [], seed: 1, artifacts: shop.artifacts, workDir: shop.dir };
      const yardstick = await Yardstick.of(job, part, PARAMS.itemsPerFamily);
      const { tasks } = await yardstick.measure(model, { threads: 1, signal: new AbortController().signal });
      return tasks!.loss;
    };
    const { loss } = (await shop.report(done.outcome)).rows[0]!;
    expect(loss).toBeCloseTo(await lossOn('report'), 5);
    expect(Math.abs(loss! - (await lossOn('select')))).toBeGreaterThan(1e-4);
  });

  test('experts are of the base model, and are not all alike', async () => {
    const pack = await packOf(done);
    const { weights } = await shop.model(done.outcome, 'adapted');
    expect(() => assertFits(pack, weights)).not.toThrow();
    expect(Object.keys(pack.mixtures!)).toEqual(pack.experts.map(({ name }) => name));
    const [a, b] = pack.experts;
    expect([...a!.scales.keys()].sort()).toEqual([...weights.keys()].filter(isProjection).sort());
    expect(a!.scales).not.toEqual(b!.scales);
  });

  test('a run done again ends with the same bytes', async () => {
    const ids = ({ outcome }: Done) => outcome.artifacts.filter(({ role }) => role !== 'report').map(({ id }) => id);
    expect(ids(await run())).toEqual(ids(done));
  });

  test.each([
    ['an expert', 'up', /the expert up/],
    ['a mixture', { up: 0.5, next: 0.25 }, /the mixture 0\.50 up \+ 0\.25 next/],
    ['the mixture that was found', 'mixture', /the mixture \d\.\d\d up \+ \d\.\d\d next/],
  ])('puts %s into the weights where the recipe says so, which are still ternary', async (_, apply, words) => {
    const applied = await run({ apply, domains: ['up', 'next'], steps: 2 });
    const { artifacts, metrics } = applied.outcome;
    expect(artifacts[0]!.id).not.toBe(input.id);
    const { lineage } = await shop.artifacts.manifest(artifacts[0]!.id);
    expect(lineage.parents).toEqual([input.id, artifacts[1]!.id]);
    expect(lineage.params).toMatchObject({ apply });
    const report = await shop.report(applied.outcome);
    expect(report.results).toEqual(['applied']);
    expect(report.verdicts.at(-1)).toMatch(words);
    expect(metrics).toMatchObject({ regression: expect.any(Number) });
    const { config, weights } = await shop.model(applied.outcome, 'adapted');
    expect(config.ternary).toEqual(TERNARY_TRAINING);
    expect(weightsDigest(weights)).not.toBe((await packOf(applied)).base);
    for (const [name, tensor] of weights)
      if (isProjection(name)) expect(new Set(quantiseTernary(tensor, config.ternary!).codes).size).toBe(3);
  });

  test('learns from rewards, on a float model with a head of its own, with the largest singular values alone, beside text', async () => {
    const parent = await shop.import('float', tinyModel(2, { tie_word_embeddings: false, num_key_value_heads: 1 }));
    const lines = Array.from({ length: 3000 }, (_, i) => `The line ${i} is not of ${i * i}.\n\n`);
    const data = [await shop.dataSet('lines', lines.join(''))];
    const params = {
      method: 'reinforce',
      generalist: false,
      answers: 8,
      singularValues: 4,
      generations: 0,
      domains: ['next'],
      steps: 3,
    };
    const rewarded = await run(params, { inputs: [parent], data });
    const { experts } = await packOf(rewarded);
    expect([...experts[0]!.scales.values()].every(({ shape }) => shape[0] === 4)).toBe(true);
    const { rows } = await shop.report(rewarded.outcome);
    expect(rows.map(({ name }) => name)).toEqual(['base', 'expert-next', 'routed', 'shuffled']);
    for (const { bitsPerByte } of rows) expect(bitsPerByte).toBeGreaterThan(1);
  });

  test('on text alone, has an expert for each data set, and the table in bits per byte', async () => {
    const text = (line: (i: number) => string) => Array.from({ length: 3000 }, (_, i) => line(i)).join('');
    const data = [
      await shop.dataSet(
        'squares',
        text((i) => `The line ${i} is not of ${i * i}.\n\n`),
      ),
      await shop.dataSet(
        'shouts',
        text((i) => `LINE ${i}! WHO CALLED ${7 * i}?\n\n`),
      ),
    ];
    const found = await run({}, { families: {}, data });
    const { figures } = await shop.report(found.outcome);
    for (const row of ['base', 'expert-squares', 'expert-shouts'])
      for (const domain of ['squares', 'shouts']) expect(figures[`${row}.${domain}.bitsPerByte`]).toBeGreaterThan(1);
    expect(figures['dispatchAccuracy']).toBeGreaterThan(0.95);
    expect(found.outcome.metrics).toMatchObject({ routedBitsPerByte: expect.any(Number) });
  });

  test('what cannot be trained through its quantiser is refused, and so are experts that are not there', async () => {
    await expect(run({ domains: ['up', 'next'], apply: 'copy' })).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' });
    // Also where the phase chooses the domains: before anything is trained.
    await expect(run({ apply: { up: 1, next: 1, copy: 1 } })).rejects.toThrow(
      /parameter apply of adas names \w+, and the experts are/,
    );
    const problems = (params: object, families: Record<string, number> = FAMILIES) =>
      check(resolveParams(phase, params), families).map(({ path, problem }) => `${path.join('.')} ${problem}`);
    expect(problems({})).toEqual([]);
    expect(problems({ domains: ['sort'] })).toEqual([
      'domains names sort, which is no family of the mix (up, next, copy)',
    ]);
    expect(problems({ method: 'reinforce' }, {})).toHaveLength(1);
    expect(problems({ apply: 'mixture', generations: 0 })).toHaveLength(1);
    expect(problems({ domains: ['up'], apply: { up: 1, next: 1 } })).toEqual([
      'apply names next, which is none of the domains',
    ]);
    expect(paramMistakes(phase, { apply: { up: 'much' } })).toHaveLength(1);
  });

  test('the gate wants experts that do no harm, a router that finds them, and weights that are no worse', () => {
    const params = resolveParams(phase, {}) as AdasParams;
    const judge = (metrics: Record<string, number>) => phase.gate({ artifacts: [], metrics }, params);
    expect(judge({ gain: 0, dispatchAccuracy: 1 })).toEqual([]);
    expect(judge({ gain: -0.1, dispatchAccuracy: 0.5, regression: 0.5 })).toEqual([
      'experts gain -0.100 on their own domains, below minGain -0.02',
      '0.500 of the questions reach their expert, below minDispatch 0.8',
      'what was applied costs 0.500, over maxRegression 0.02',
    ]);
    expect(judge({})).toHaveLength(2);
  });
});
