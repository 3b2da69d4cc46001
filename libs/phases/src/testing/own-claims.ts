import { mkdtemp } from 'node:fs/promises';
import { join } from 'node:path';
import { readModelFolder } from '@agent-forge/model';
import type { Phase } from '../phase.js';
import { proveAgain } from '../shared/claims/prove-again.js';
import type { Claim } from '../shared/report.js';
import type { Done, Workshop } from './workshop.js';

/** What a phase proved, proven again on the very model that it made, with seed 1: all must be as it was. */
export async function ownClaims(shop: Workshop, phase: Phase, { outcome }: Done): Promise<Claim[]> {
  const { artifacts, dir, families } = shop;
  const { id } = outcome.artifacts.find(({ kind }) => kind === 'model')!;
  const workDir = await mkdtemp(join(dir, 'claims-'));
  const folder = join(workDir, 'model');
  await artifacts.materialise(id, folder);
  const report = await shop.report(outcome);
  const row = report.rows.find(({ name }) => report.results?.includes(name))!;
  const context = { artifacts, workDir, families, data: [], seed: 1, threads: 1, signal: new AbortController().signal };
  return proveAgain(context, {
    ...{ phases: [phase], reports: [report] },
    ancestors: new Map([[id, await artifacts.manifest(id)]]),
    final: { model: await readModelFolder(folder), folder, row },
  });
}
