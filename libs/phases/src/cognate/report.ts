import type { ArtifactName } from '@agent-forge/contracts';
import { assertAudit, auditWeights, type Model } from '@agent-forge/model';
import type { PhaseOutcome } from '@agent-forge/run';
import type { PhaseContext } from '../phase.js';
import { averageIfAny } from '../shared/average.js';
import { storeReport, type ReportRow } from '../shared/report.js';
import { lossOf, metricsOf, rowOf, type Measured, type Yardstick } from '../shared/yardstick.js';
import type { CognateParams } from './params.js';
import { specialisation } from './specialisation.js';
import { isSeed, verdictsOf } from './verdicts.js';

/** A model that the phase made, and the families that it is to be best at. */
export interface Branch {
  readonly artifact: ArtifactName;
  readonly own: readonly string[];
}

/**
 * Audits and measures every model, and the plain average of the seeds where they have one, on the report part; stores the table.
 * @returns the outcome of the phase: the models, then the report
 */
export async function reportOn(
  context: PhaseContext<CognateParams>,
  branches: readonly Branch[],
  models: ReadonlyMap<string, Model>,
  yardstick: Yardstick,
  onProgress: (share: number) => void,
): Promise<PhaseOutcome> {
  const measured = new Map<string, Measured>();
  for (const [role, model] of models) {
    context.signal.throwIfAborted();
    assertAudit(await auditWeights(model.config, model.weights, model.tokenizer), role);
    measured.set(role, await yardstick.measure(model, context));
    onProgress(measured.size / (models.size + 1));
  }
  const seeds = [...models].filter(([role]) => isSeed(role)).map(([, model]) => model);
  const averaged = await averageIfAny(seeds);
  const average = averaged && (await yardstick.measure(averaged, context));
  onProgress(1);
  const figures = figuresOf(branches, measured, average);
  const rows: ReportRow[] = branches.map(({ artifact }) =>
    rowOf(artifact.role, measured.get(artifact.role)!, artifact.id),
  );
  if (average) rows.push(rowOf('average', average));
  const results = branches.map(({ artifact }) => artifact.role).filter(isSeed);
  const losses = new Map([...measured].map(([role, each]) => [role, lossOf(each)]));
  const unit = yardstick.items.length > 0 ? 'nats per token' : 'bits per byte';
  const verdicts = verdictsOf({ losses, average: average && lossOf(average), share: figures['specialisation'], unit });
  const report = { phase: 'cognate', rows, results, comparisons: [], figures, verdicts };
  const metrics = { ...figures, ...gated(models, measured) };
  for (const [name, each] of [...measured, ...(average ? [['average', average] as const] : [])])
    Object.assign(metrics, metricsOf(name, each));
  const artifacts = branches.map(({ artifact }) => artifact);
  const ids = artifacts.map(({ id }) => id);
  return { artifacts: [...artifacts, await storeReport(context, report, ids, metrics)], metrics };
}

/**
 * `specialisation`, and `mergeBarrier`: the loss of the plain average minus the mean loss of the seeds (Frankle et al. 2020, arXiv:1912.05671,
 * section 2: error barrier), in nats per token, or bits per byte on text alone. Below 0 the average is better than the seeds are on average,
 * which says little where some of them are bad.
 */
function figuresOf(
  branches: readonly Branch[],
  measured: ReadonlyMap<string, Measured>,
  average: Measured | undefined,
): Record<string, number> {
  const seeds = branches.filter(({ artifact }) => isSeed(artifact.role));
  const results = seeds.map(({ artifact }) => measured.get(artifact.role)!);
  const mean = results.reduce((sum, each) => sum + lossOf(each), 0) / results.length;
  const share = specialisation(seeds.map(({ own }, i) => ({ own, tasks: results[i]!.tasks })));
  return {
    ...(average ? { mergeBarrier: lossOf(average) - mean } : {}),
    ...(share === undefined ? {} : { specialisation: share }),
  };
}

/** What the gate looks at. Chance is what a model that knows nothing loses: ln(vocabulary) on a token of a task, 8 bits on a byte. */
function gated(models: ReadonlyMap<string, Model>, measured: ReadonlyMap<string, Measured>): Record<string, number> {
  const all = [...measured.values()];
  const vocabulary = Math.min(...[...models.values()].map(({ config }) => config.vocabSize));
  const accuracies = [...measured].flatMap(([role, { tasks }]) =>
    isSeed(role) && tasks ? [tasks.accuracy.estimate] : [],
  );
  return {
    worstLoss: Math.max(...all.map(lossOf)),
    chanceLoss: all.some(({ tasks }) => tasks) ? Math.log(vocabulary) : 8,
    ...(accuracies.length > 0 ? { worstAccuracy: Math.min(...accuracies) } : {}),
  };
}
