import { join } from 'node:path';
import { readModelFolder } from '@agent-forge/model';
import type { ClaimContext, PhaseClaim } from '../shared/claims/claim.js';
import type { Interval, ScoreTable } from '../shared/report.js';
import { askPrompted, follow } from './measure.js';
import type { BakingParams } from './params.js';
import { followingTitle } from './report.js';

/** How far the later model follows each prompt that is not there, beside the model before baking. */
export async function claims(context: ClaimContext<BakingParams>): Promise<PhaseClaim[]> {
  const { model, params, report, manifest, artifacts, workDir } = context;
  const dir = join(workDir, 'before');
  await artifacts.materialise(manifest.lineage.parents[0]!, dir);
  const asked = await askPrompted(context, await readModelFolder(dir));
  const { rates } = await follow(context, model, asked, []);
  return params.bakes.flatMap(({ name }) => {
    const table = report.scores?.find(({ title }) => title === followingTitle(name));
    return Object.entries(rates.get(name)!).flatMap(([metric, value]): PhaseClaim[] => {
      const [then, control] = ['after', 'before'].map((row) => cell(table, row, metric));
      if (!then || !control) return [];
      const claim = { metric: `${name}: ${metric}`, control: 'before baking', unit: 'share' } as const;
      return [{ ...claim, then: { value: then, control }, now: { value, control } }];
    });
  });
}

function cell(table: ScoreTable | undefined, row: string, column: string): Interval | undefined {
  const at = table?.columns.indexOf(column) ?? -1;
  return table?.rows.find(({ name }) => name === row)?.scores[at] ?? undefined;
}
