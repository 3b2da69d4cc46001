import type { ArtifactName } from '@agent-forge/contracts';
import { assertAudit, auditWeights, type Model } from '@agent-forge/model';
import type { PhaseOutcome } from '@agent-forge/run';
import type { PhaseContext } from '../phase.js';
import { averageOf } from '../shared/average.js';
import { storeReport, type ReportRow } from '../shared/report.js';
import { lossOf, metricsOf, rowOf, type Measured, type Yardstick } from '../shared/yardstick.js';
import type { CognateParams } from './params.js';
import { specialisation } from './specialisation.js';

/** A model that the phase made, and the families that it is to be best at. */
export interface Branch {
  readonly artifact: ArtifactName;
  readonly own: readonly string[];
}

const isSeed = (role: string) => role.startsWith('seed-');

/**
 * Audits and measures every model, and the plain average of the seeds, on the report part; stores the table.
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
    assertAudit(await auditWeights(model.config, model.weights), role);
    measured.set(role, await yardstick.measure(model, context));
    onProgress(measured.size / (models.size + 1));
  }
  const seeds = [...models.keys()].filter(isSeed);
  const average = await yardstick.measure(await averageOf(seeds.map((role) => models.get(role)!)), context);
  onProgress(1);
  const figures = figuresOf(branches, measured, average);
  const rows: ReportRow[] = branches.map(({ artifact }) =>
    rowOf(artifact.role, measured.get(artifact.role)!, artifact.id),
  );
  rows.push(rowOf('average', average));
  const metrics = Object.assign({}, figures, metricsOf('average', average)) as Record<string, number>;
  for (const [role, each] of measured) Object.assign(metrics, metricsOf(role, each));
  metrics['worstLoss'] = Math.max(...[...measured.values()].map(lossOf));
  metrics['chanceLoss'] = chanceOf([...models.values()], average);
  const report = { phase: 'cognate', rows, comparisons: [], figures, verdicts: verdictsOf(figures) };
  const artifacts = branches.map(({ artifact }) => artifact);
  const name = await storeReport(
    context,
    report,
    artifacts.map(({ id }) => id),
    metrics,
  );
  return { artifacts: [...artifacts, name], metrics };
}

/**
 * `specialisation`, and `mergeBarrier`: the loss of the plain average minus the mean loss of the seeds (Frankle et al. 2020, arXiv:1912.05671,
 * section 2: error barrier), in nats per token, or bits per byte on text alone. Not above 0 where averaging costs nothing.
 */
function figuresOf(
  branches: readonly Branch[],
  measured: ReadonlyMap<string, Measured>,
  average: Measured,
): Record<string, number> {
  const seeds = [...measured].filter(([role]) => isSeed(role));
  const mean = seeds.reduce((sum, [, each]) => sum + lossOf(each), 0) / seeds.length;
  const own = Object.fromEntries(
    branches.filter(({ artifact }) => isSeed(artifact.role)).map((b) => [b.artifact.role, b.own]),
  );
  const share = specialisation(
    own,
    new Map(seeds.flatMap(([role, { tasks }]) => (tasks ? [[role, tasks] as const] : []))),
  );
  return { mergeBarrier: lossOf(average) - mean, ...(share === undefined ? {} : { specialisation: share }) };
}

/** What a model that knows nothing loses: ln(vocabulary) on a token of a task, 8 bits on a byte. */
function chanceOf(models: readonly Model[], { tasks }: Measured): number {
  return tasks ? Math.log(Math.min(...models.map(({ config }) => config.vocabSize))) : 8;
}

function verdictsOf(figures: Record<string, number>): string[] {
  const { mergeBarrier, specialisation: share } = figures;
  const barrier =
    mergeBarrier! <= 0
      ? `averaging the seeds costs nothing: their plain average loses ${(-mergeBarrier!).toFixed(3)} less than they do`
      : `averaging the seeds costs ${mergeBarrier!.toFixed(3)}`;
  return [
    barrier,
    ...(share === undefined ? [] : [`on ${(100 * share).toFixed(0)} % of the families their own seed is the best`]),
  ];
}
