import { mkdtemp } from 'node:fs/promises';
import { join } from 'node:path';
import type { ArtifactName } from '@agent-forge/contracts';
import { writeExpertPack, writeModelFolder, type ExpertPack, type Model } from '@agent-forge/model';
import type { PhaseOutcome } from '@agent-forge/run';
import { paramError } from '../param-mistakes.js';
import type { PhaseContext } from '../phase.js';
import { assertTrainable } from '../shared/assert-trainable.js';
import { readInputModel } from '../shared/input-model.js';
import { lineageOf } from '../shared/lineage.js';
import { storeReport } from '../shared/report.js';
import { StageProgress } from '../shared/stage-progress.js';
import { applied } from './apply.js';
import { check } from './check.js';
import { chooseDomains } from './domains.js';
import { panelOf } from './measure.js';
import { measureRows } from './measure-rows.js';
import type { AdasParams } from './params.js';
import { reportOf, type AdasResult } from './report.js';
import { dispatchAccuracy, routesOf } from './routes.js';
import { specialise, stagesOf } from './specialise.js';

type Context = PhaseContext<AdasParams>;

/** Trains experts beside the model, measures everything, and hands on what the recipe says. A search for agents that use the experts belongs between the two. */
export async function run(context: Context): Promise<PhaseOutcome> {
  const { params, families } = context;
  const [mistake] = check(params, families);
  if (mistake) throw paramError('adas', mistake);
  const input = await readInputModel('adas', context);
  assertTrainable('adas', input.model, params.method === 'next-token' ? params.rowLength : 0);
  const domains = await chooseDomains(context, input.model);
  const progress = new StageProgress(context.report, { ...stagesOf(context, domains), measure: 1 });
  const specialists = await specialise(context, input, domains, progress);
  const result = await applied(context, specialists);
  const panel = await panelOf(context);
  const routes = await routesOf(context, specialists, panel);
  const measured = await measureRows(context, panel, { ...specialists, routes, applied: result?.model }, progress);
  return conclude(context, input.artifact, specialists.pack, result?.model, {
    panel,
    domains,
    measured,
    applied: result?.words,
    dispatchAccuracy: dispatchAccuracy(panel, domains, routes),
    figures: { mixtureEvaluations: specialists.mixtures.evaluations },
  });
}

/** Stores the pack, the model where it is another one, and the report. */
async function conclude(
  context: Context,
  input: ArtifactName,
  pack: ExpertPack,
  model: Model | undefined,
  result: AdasResult,
): Promise<PhaseOutcome> {
  const experts = await storePack(context, pack, input.id);
  const { files } = await context.artifacts.manifest(experts.id);
  const packBytes = files.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0);
  const { report, metrics } = reportOf({ ...result, figures: { ...result.figures, packBytes } });
  const first = model
    ? await storeModel(context, model, [input.id, experts.id], metrics)
    : { ...input, role: 'adapted' };
  const stored = await storeReport(context, report, [first.id, experts.id], metrics);
  return { artifacts: [first, experts, stored], metrics };
}

async function storePack(context: Context, pack: ExpertPack, parent: string): Promise<ArtifactName> {
  const dir = join(context.workDir, 'experts');
  await writeExpertPack(dir, pack);
  const lineage = lineageOf('adas', context, [parent], {});
  return context.artifacts.putFolder(dir, 'experts', { kind: 'expert-pack', lineage });
}

async function storeModel(
  context: Context,
  model: Model,
  parents: readonly string[],
  metrics: Record<string, number>,
): Promise<ArtifactName> {
  const dir = join(await mkdtemp(join(context.workDir, 'result-')), 'adapted');
  await writeModelFolder(dir, model);
  const lineage = lineageOf('adas', context, parents, metrics);
  return context.artifacts.putFolder(dir, 'adapted', { kind: 'model', lineage });
}
