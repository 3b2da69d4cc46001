import { mkdtemp } from 'node:fs/promises';
import { join } from 'node:path';
import type { ArtifactName } from '@agent-forge/contracts';
import { assertAudit, auditWeights, writeModelFolder, type Model } from '@agent-forge/model';
import type { PhaseOutcome } from '@agent-forge/run';
import { paramError } from '../param-mistakes.js';
import type { PhaseContext } from '../phase.js';
import { assertTrainable } from '../shared/assert-trainable.js';
import { readInputModel, type InputModel } from '../shared/input-model.js';
import { lineageOf } from '../shared/lineage.js';
import { StageProgress } from '../shared/stage-progress.js';
import { storeReport } from '../shared/report.js';
import type { Measured } from '../shared/yardstick.js';
import { stagesOf, trainArms, type Trained } from './arms.js';
import { check } from './check.js';
import { prepare } from './form.js';
import { problemsOf } from './gate.js';
import { measureArms, readModels } from './measure-arms.js';
import type { QuietstarParams } from './params.js';
import { reportOf, type RowName } from './report.js';

type Context = PhaseContext<QuietstarParams>;

/** Teaches the model to think, trains its controls, measures all of them, and hands on what the recipe says. */
export async function run(context: Context): Promise<PhaseOutcome> {
  const { params, families, seed } = context;
  const [mistake] = check(params, families);
  if (mistake) throw paramError('quietstar', mistake);
  const input = await readInputModel('quietstar', context);
  assertTrainable('quietstar', input.model, params.rowLength);
  const prepared = prepare(input.model, params, families, seed);
  const progress = new StageProgress(context.report, stagesOf(params));
  const trained = await trainArms(context, prepared, input.artifact.id, progress);
  const models = await readModels(context, trained);
  assertAudit(await auditWeights(models.thoughts.config, models.thoughts.weights), 'the thinking model');
  const measured = await measureArms(context, input.model, prepared, models, progress);
  return conclude(context, input, trained, models.thoughts, measured);
}

async function conclude(
  context: Context,
  input: InputModel,
  { figures, mixingHead, distilled }: Trained,
  thinker: Model,
  measured: ReadonlyMap<RowName, Measured>,
): Promise<PhaseOutcome> {
  const { report, metrics: found } = reportOf(measured, figures);
  const problems = problemsOf({ metrics: found }, context.params);
  const passesThrough = problems.length > 0 && context.params.onNoGain === 'pass-through';
  const metrics = { ...found, passedThrough: passesThrough ? 1 : 0 };
  const stored = passesThrough
    ? [{ ...input.artifact, role: 'thinker' }]
    : [
        await store(context, 'thinker', thinker, input.artifact.id, metrics),
        ...(distilled ? [distilled] : []),
        ...(mixingHead ? [mixingHead] : []),
      ];
  const results = [passesThrough ? 'before' : 'after'];
  const told = { ...report, results, verdicts: [...report.verdicts, ...ending(passesThrough)] };
  const artifacts = [...stored, await storeReport(context, told, [stored[0]!.id], metrics)];
  if (!passesThrough) return { artifacts, metrics };
  return { artifacts, metrics, degraded: `pass-through, because ${problems.join('; ')}` };
}

function ending(passesThrough: boolean): string[] {
  return passesThrough ? ['the model that came in goes on, unchanged'] : [];
}

async function store(
  context: Context,
  role: string,
  model: Model,
  parent: string,
  metrics: Record<string, number>,
): Promise<ArtifactName> {
  const dir = join(await mkdtemp(join(context.workDir, 'result-')), role);
  await writeModelFolder(dir, model);
  return context.artifacts.putFolder(dir, role, {
    kind: 'model',
    lineage: lineageOf('quietstar', context, [parent], metrics),
  });
}
