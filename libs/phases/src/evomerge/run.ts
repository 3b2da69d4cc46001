import { join } from 'node:path';
import { ForgeError, type ArtifactName, type Json } from '@agent-forge/contracts';
import { assertAudit, auditWeights, writeModelFolder, type Model } from '@agent-forge/model';
import type { PhaseOutcome } from '@agent-forge/run';
import type { PhaseContext } from '../phase.js';
import { lineageOf } from '../shared/lineage.js';
import { storeReport } from '../shared/report.js';
import { lossOf, metricsOf, Yardstick, type Measured } from '../shared/yardstick.js';
import { averageOf } from '../shared/average.js';
import { chooseChampion } from './champion.js';
import { genomeForm, recipeOf } from './genome.js';
import { merge, readModels, type Models } from './merge-models.js';
import type { EvomergeParams } from './params.js';
import { AVERAGE, CHAMPION, contendersOf, measureAll, reportOf, type Contender } from './report.js';
import { fitnessOf } from './score-task.js';
import { searchMerge, type SearchSpace } from './search.js';

/** Shares of the phase's time, for the progress bar. */
const SEARCH_SHARE = 0.75;
const CHOICE_SHARE = 0.05;

type Context = PhaseContext<EvomergeParams>;

/** What was merged, and how it was found. */
interface Found {
  readonly recipe: { readonly [key: string]: Json };
  readonly figures: Record<string, number>;
}

/** Searches for the best merge of the seeds, measures it beside everything that it has to be compared with, and stores it. */
export async function run(context: Context): Promise<PhaseOutcome> {
  const { models, parents } = await open(context);
  const found = await find(context, models, parents);
  return finish(context, models, parents, await merge(found.recipe, models), found);
}

/** The declared fallback: the plain average of the seeds. */
export async function simpleAverage(context: Context): Promise<PhaseOutcome> {
  const { models, parents } = await open(context);
  const average = await averageOf(parents.map((role) => models.get(role)!));
  return finish(context, models, parents, average, { recipe: {}, figures: {} });
}

async function open(context: Context): Promise<{ models: Models; parents: string[] }> {
  const stored = context.inputs.filter(({ kind }) => kind === 'model');
  const models = await readModels(context.artifacts, stored, context.workDir);
  const named = [...models.keys()].filter((role) => role.startsWith('seed-'));
  // What a recipe imports for this phase is to be merged, whatever it is called.
  const parents = named.length > 0 ? named : [...models.keys()];
  if (parents.length < 2)
    throw new ForgeError(
      'INVALID_ARGUMENT',
      `evomerge merges at least 2 models, and there ${parents.length === 1 ? 'is 1' : 'are none'}`,
    );
  return { models, parents };
}

async function find(context: Context, models: Models, parents: readonly string[]): Promise<Found> {
  const { params } = context;
  if (params.recipe !== undefined) return { recipe: params.recipe as { [key: string]: Json }, figures: {} };
  const base = models.has('trunk') ? 'trunk' : undefined;
  const form = genomeForm(params.method, models.get(parents[0]!)!.config, parents, base);
  const wanted = [...parents, ...(form.base === undefined ? [] : [form.base])];
  const space: SearchSpace = {
    form,
    models: context.inputs.filter(({ role }) => wanted.includes(role)).map(({ id, role }) => ({ id, role })),
  };
  // Parents that do not fit together are told so before any work.
  await merge(
    recipeOf(
      form,
      form.groups.flatMap(() => parents.flatMap(() => form.genes.map(() => 1))),
    ),
    models,
  );
  context.report({ stage: 'search', fraction: 0 });
  const { search, history } = await searchMerge(context, space, (share, metrics) =>
    context.report({
      stage: 'search',
      fraction: SEARCH_SHARE * share,
      step: Math.round(share * 100),
      steps: 100,
      metrics,
    }),
  );
  context.report({ stage: 'choose', fraction: SEARCH_SHARE });
  const champion = await chooseChampion(context, space, search);
  await context.note({
    code: 'CHAMPION',
    message: `the champion is the ${champion.origin} of the search`,
    metrics: { ...champion.fitness },
  });
  const figures = { evaluations: search.evaluations, generations: history.length };
  return { recipe: recipeOf(form, champion.genome), figures };
}

async function finish(
  context: Context,
  models: Models,
  parents: readonly string[],
  champion: Model,
  { recipe, figures }: Found,
): Promise<PhaseOutcome> {
  const { params, inputs, workDir, artifacts } = context;
  assertAudit(await auditWeights(champion.config, champion.weights), 'the merge');
  const contenders: Contender[] = [
    ...contendersOf(inputs, models),
    { name: AVERAGE, model: await averageOf(parents.map((role) => models.get(role)!)) },
    { name: CHAMPION, model: champion },
  ];
  const yardstick = await Yardstick.of(context, 'report', params.reportItemsPerFamily);
  const begun = SEARCH_SHARE + CHOICE_SHARE;
  const measured = await measureAll(context, contenders, yardstick, (share) =>
    context.report({ stage: 'measure', fraction: begun + (1 - begun) * share }),
  );
  const bestParent = await bestOnSelect(context, models, parents);
  const report = reportOf(contenders, measured, yardstick, bestParent, figures);
  const metrics: Record<string, number> = { ...figures, regression: regressionOf(measured, bestParent) };
  for (const [name, each] of measured) Object.assign(metrics, metricsOf(name, each));
  for (const { name, bitsPerByte } of report.rows.filter((row) => row.name.endsWith('-gram')))
    Object.assign(metrics, metricsOf(name, { bitsPerByte: bitsPerByte! }));
  const dir = join(workDir, 'merged');
  await writeModelFolder(dir, champion, { extraFiles: { 'merge.json': `${JSON.stringify(recipe, null, 2)}\n` } });
  const parentIds = inputs.filter(({ role }) => parents.includes(role)).map(({ id }) => id);
  const lineage = lineageOf('evomerge', context, parentIds, metrics);
  const merged: ArtifactName = await artifacts.putFolder(dir, 'merged', { kind: 'model', lineage });
  return { artifacts: [merged, await storeReport(context, report, [merged.id], metrics)], metrics };
}

async function bestOnSelect(context: Context, models: Models, parents: readonly string[]): Promise<string> {
  const yardstick = await Yardstick.of(context, 'select', context.params.reportItemsPerFamily);
  const scored: [string, number][] = [];
  for (const role of parents) scored.push([role, fitnessOf(await yardstick.measure(models.get(role)!))]);
  return scored.reduce((a, b) => (b[1] < a[1] ? b : a))[0];
}

/** How much worse the champion is than the best parent: in accuracy, or in bits per byte on text alone; negative when it is better. */
function regressionOf(measured: ReadonlyMap<string, Measured>, bestParent: string): number {
  const [champion, parent] = [measured.get(CHAMPION)!, measured.get(bestParent)!];
  if (champion.tasks && parent.tasks) return parent.tasks.accuracy.estimate - champion.tasks.accuracy.estimate;
  return lossOf(champion) - lossOf(parent);
}
