import { mkdtemp } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import type { ArtifactName } from '@agent-forge/contracts';
import { readExpertPack, weightsDigest, type ExpertPack } from '@agent-forge/model';
import { tinyModel } from '../testing/tiny-model.js';
import { Workshop, type Done } from '../testing/workshop.js';
import { phase } from './index.js';

const PARAMS = {
  ...{ steps: 8, rows: 4, rowLength: 32, experts: 2, itemsPerFamily: 20, routerItems: 8 },
  ...{ shots: 3, generations: 2, population: 6 },
};
let shop: Workshop;
let input: ArtifactName;
let done: Done;
beforeAll(async () => {
  shop = await Workshop.open({ up: 1, next: 1, copy: 1 });
  input = await shop.import('parent', tinyModel(1));
  done = await shop.run(phase, { inputs: [input], params: PARAMS });
}, 120_000);
afterAll(() => shop?.close());

async function packOf({ outcome }: Done): Promise<ExpertPack> {
  const dir = join(await mkdtemp(join(shop.dir, 'pack-')), 'it');
  await shop.artifacts.materialise(outcome.artifacts.find(({ role }) => role === 'experts')!.id, dir);
  return readExpertPack(dir);
}

describe('adas', () => {
  test('hands on the model that came in, with experts in a pack, and measures every expert on every domain', async () => {
    const { artifacts, metrics } = done.outcome;
    expect(artifacts.map(({ role, kind }) => [role, kind])).toEqual([
      ['adapted', 'model'],
      ['experts', 'expert-pack'],
      ['report', 'report'],
    ]);
    expect(artifacts[0]!.id).toBe(input.id);
    const report = await shop.report(done.outcome);
    const { experts, router, base } = await packOf(done);
    const names = experts.map(({ name }) => name);
    expect(names).toHaveLength(2);
    expect(report.rows.map(({ name }) => name)).toEqual([
      'none',
      ...names.map((name) => `expert-${name}`),
      'routed',
      'mixture',
      'shuffled',
    ]);
    for (const { families } of report.rows) expect(Object.keys(families!)).toEqual(['copy', 'next', 'up']);
    expect(report.results).toEqual(['none']);
    expect(metrics['gain']).toEqual(expect.any(Number));
    expect(metrics['mixtureEvaluations']).toBe(2 * 2 * 6);
    expect(Object.keys(router!.expertOf)).toEqual(names);
    expect(base).toBe(weightsDigest((await shop.model(done.outcome, 'adapted')).weights));
  });

  test('experts are a few kB, of what was trained and nothing else', async () => {
    const { experts } = await packOf(done);
    for (const { scales } of experts) {
      expect(scales.size).toBe(14);
      expect([...scales.values()].some(({ data }) => data.some((z) => z !== 1))).toBe(true);
    }
  });

  test('a run done again ends with the same bytes', async () => {
    const again = await shop.run(phase, { inputs: [input], params: PARAMS });
    const ids = ({ outcome }: Done) => outcome.artifacts.filter(({ role }) => role !== 'report').map(({ id }) => id);
    expect(ids(again)).toEqual(ids(done));
  });
});
