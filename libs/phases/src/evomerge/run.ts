import { ForgeError } from '@agent-forge/contracts';
import type { PhaseOutcome } from '@agent-forge/run';
import type { PhaseContext } from '../phase.js';
import { chooseChampion } from './champion.js';
import { CHOICE_SHARE, conclude, SEARCH_SHARE, type Found } from './conclude.js';
import { genomeForm, recipeOf, startGenome } from './genome.js';
import { planRoles, readModels, storedModels, type Models, type RoleRecipe, type StoredModel } from './merge-models.js';
import type { EvomergeParams } from './params.js';
import { searchMerge, type SearchSpace } from './search.js';

type Context = PhaseContext<EvomergeParams>;

/** What the phase was given. */
interface Given {
  readonly stored: readonly StoredModel[];
  readonly models: Models;
  /** Roles of the models that are to be merged. */
  readonly parents: readonly string[];
}

/** Finds the best merge of the seeds, or does the recipe's own; measures it beside all that it has to be compared with, and stores it. */
export async function run(context: Context): Promise<PhaseOutcome> {
  const given = await open(context);
  const { recipe } = context.params;
  const found = recipe === undefined ? await find(context, given) : { recipe: recipe as RoleRecipe, figures: {} };
  return conclude(context, given.models, given.parents, found);
}

/** The declared fallback: the plain average of the seeds. */
export async function simpleAverage(context: Context): Promise<PhaseOutcome> {
  const { models, parents } = await open(context);
  const form = genomeForm('linear', models.get(parents[0]!)!.config, parents, undefined);
  return conclude(context, models, parents, { recipe: recipeOf(form, startGenome(form)), figures: {} });
}

async function open({ inputs, artifacts, workDir, params }: Context): Promise<Given> {
  const stored = await storedModels(
    artifacts,
    inputs.filter(({ kind }) => kind === 'model'),
  );
  const models = await readModels(artifacts, stored, workDir);
  const named = [...models.keys()].filter((role) => role.startsWith('seed-'));
  // What a recipe imports for this phase is to be merged, whatever it is called.
  const parents = named.length > 0 ? named : [...models.keys()];
  if (parents.length < 2 && params.recipe === undefined)
    throw new ForgeError(
      'INVALID_ARGUMENT',
      `evomerge merges at least 2 models, and there ${parents.length === 1 ? 'is 1' : 'are none'}`,
    );
  return { stored, models, parents };
}

async function find(context: Context, { stored, models, parents }: Given): Promise<Found> {
  const { params } = context;
  const base = models.has('trunk') ? 'trunk' : undefined;
  const form = genomeForm(params.method, models.get(parents[0]!)!.config, parents, base);
  const wanted = [...parents, ...(form.base === undefined ? [] : [form.base])];
  const space: SearchSpace = { form, stored: stored.filter(({ role }) => wanted.includes(role)), models };
  // Parents that do not fit together are told so before any work.
  await planRoles(recipeOf(form, startGenome(form)), models);
  context.report({ stage: 'search', fraction: 0 });
  const search = await searchMerge(context, space, ({ generation, best }, generations, mean) =>
    context.report({
      stage: 'search',
      fraction: (SEARCH_SHARE * generation) / generations,
      step: generation,
      steps: generations,
      metrics: { meanFitness: -mean, bestFitness: -(best?.fitness ?? Number.NaN) },
    }),
  );
  context.report({ stage: 'choose', fraction: SEARCH_SHARE });
  const { origin, genome, fitness } = await chooseChampion(context, space, search);
  await context.note({ code: 'CHAMPION', message: `the champion is the ${origin} of the search`, metrics: fitness });
  context.report({ stage: 'measure', fraction: SEARCH_SHARE + CHOICE_SHARE });
  return {
    recipe: recipeOf(form, genome),
    figures: { evaluations: search.evaluations, generations: search.generation },
  };
}
