import { mkdtemp } from 'node:fs/promises';
import { join } from 'node:path';
import { stringify } from 'yaml';
import { assertAudit, auditWeights, writeModelFolder, type Model } from '@agent-forge/model';
import type { PhaseOutcome } from '@agent-forge/run';
import type { PhaseContext } from '../phase.js';
import { averageIfAny } from '../shared/average.js';
import { fitnessOf } from '../shared/fitness.js';
import { lineageOf } from '../shared/lineage.js';
import { storeReport, type PhaseReport } from '../shared/report.js';
import { lossOf, Yardstick, type Measured } from '../shared/yardstick.js';
import { merge, planRoles, type Models, type RoleRecipe } from './merge-models.js';
import type { EvomergeParams } from './params.js';
import { AVERAGE, CHAMPION, reportOf, type Contender, type Measurement } from './report.js';

/** Shares of the phase's time, for the progress bar; the rest is measuring. */
export const SEARCH_SHARE = 0.75;
export const CHOICE_SHARE = 0.05;

type Context = PhaseContext<EvomergeParams>;

/** What is to be the result, and how it was found. */
export interface Found {
  readonly recipe: RoleRecipe;
  readonly figures: Readonly<Record<string, number>>;
}

/** Merges for good, audits, measures everything on the report part, and stores the model and the report. */
export async function conclude(
  context: Context,
  models: Models,
  parents: readonly string[],
  { recipe, figures }: Found,
): Promise<PhaseOutcome> {
  const used = (await planRoles(recipe, models)).sources.map(({ path }) => path);
  const champion = await merge(recipe, models);
  assertAudit(await auditWeights(champion.config, champion.weights), 'the merge');
  const { report, metrics } = await compare(context, models, parents, champion, figures);
  // A folder of its own: the fallback comes here too, after a merge that did not pass the gate.
  const dir = join(await mkdtemp(join(context.workDir, 'result-')), 'merged');
  await writeModelFolder(dir, champion, { extraFiles: { 'mergekit_config.yml': stringify(recipe) } });
  const usedIds = context.inputs.filter(({ role }) => used.includes(role)).map(({ id }) => id);
  const lineage = lineageOf('evomerge', context, usedIds, metrics);
  const merged = await context.artifacts.putFolder(dir, 'merged', { kind: 'model', lineage });
  return { artifacts: [merged, await storeReport(context, report, [merged.id], metrics)], metrics };
}

/** Measures the result beside all that it has to be compared with, where the recipe names something to measure it on. */
async function compare(
  context: Context,
  models: Models,
  parents: readonly string[],
  champion: Model,
  figures: Found['figures'],
): Promise<ReturnType<typeof reportOf>> {
  if (context.data.length === 0 && Object.keys(context.families).length === 0)
    return { report: unmeasured(figures), metrics: { ...figures } };
  const contenders = await contendersOf(context, models, parents, champion);
  const measurement = await measure(context, contenders, parents);
  const { report, metrics } = reportOf(measurement, figures);
  return { report, metrics: { ...figures, regression: regressionOf(measurement), ...metrics } };
}

function unmeasured(figures: Found['figures']): PhaseReport {
  const verdicts = ['Nothing was measured: the recipe names neither task families nor data.'];
  return { phase: 'evomerge', rows: [{ name: CHAMPION }], results: [CHAMPION], comparisons: [], figures, verdicts };
}

/** All that is compared: what the phase was given, the plain average where the parents allow one, and the result. */
async function contendersOf(
  { inputs }: Context,
  models: Models,
  parents: readonly string[],
  champion: Model,
): Promise<Contender[]> {
  const given = inputs
    .filter(({ role }) => models.has(role))
    .map(({ id, role }) => ({ name: role, model: models.get(role)!, artifactId: id }));
  const average = await averageIfAny(parents.map((role) => models.get(role)!));
  return [...given, ...(average ? [{ name: AVERAGE, model: average }] : []), { name: CHAMPION, model: champion }];
}

async function measure(
  context: Context,
  contenders: readonly Contender[],
  parents: readonly string[],
): Promise<Measurement> {
  const { reportItemsPerFamily: items } = context.params;
  const total = contenders.length + parents.length;
  const begun = SEARCH_SHARE + CHOICE_SHARE;
  let done = 0;
  const measureAll = async (yardstick: Yardstick, all: readonly Contender[]): Promise<Map<string, Measured>> => {
    const measured = new Map<string, Measured>();
    for (const { name, model } of all) {
      context.signal.throwIfAborted();
      measured.set(name, await yardstick.measure(model, context));
      context.report({ stage: 'measure', fraction: begun + ((1 - begun) * ++done) / total });
    }
    return measured;
  };
  const yardstick = await Yardstick.of(context, 'report', items);
  const measured = await measureAll(yardstick, contenders);
  const select = await Yardstick.of(context, 'select', items);
  const ofParents = await measureAll(
    select,
    contenders.filter(({ name }) => parents.includes(name)),
  );
  const [bestParent] = [...ofParents].reduce((a, b) => (fitnessOf(b[1]) < fitnessOf(a[1]) ? b : a));
  return { contenders, measured, yardstick, parents, bestParent };
}

/** How much worse the champion is than the best parent: in accuracy, or in bits per byte on text alone; negative when it is better. */
function regressionOf({ measured, bestParent }: Measurement): number {
  const [champion, parent] = [measured.get(CHAMPION)!, measured.get(bestParent)!];
  if (champion.tasks && parent.tasks) return parent.tasks.accuracy.estimate - champion.tasks.accuracy.estimate;
  return lossOf(champion) - lossOf(parent);
}
