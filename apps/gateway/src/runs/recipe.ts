import { create } from '@bufbuild/protobuf';
import { ForgeError, RecipeSchema, type ArtifactStore, type Recipe, type RunRequest } from '@agent-forge/contracts';
import { resolveParams, type Phase } from '@agent-forge/phases';
import { checkRecipe } from '@agent-forge/run';

const DEFAULT_SEED = 1;

/**
 * The recipe that a request asks for, after checking everything that can be checked before work starts: its phases and their parameters, whether
 * each phase finds what it reads, and the data sets.
 * @param phases those that can be run
 * @throws ForgeError INVALID_ARGUMENT or ARTIFACT_NOT_FOUND, naming the field
 */
export async function recipeOf(
  { name = '', seed = DEFAULT_SEED, data = [], phases: plans }: RunRequest,
  phases: readonly Phase[],
  store: ArtifactStore,
): Promise<Recipe> {
  const recipe = create(RecipeSchema, {
    name,
    seed,
    data,
    phases: plans.map(({ phase, params = {}, allowFallback = false }) => ({ phase, params, allowFallback })),
  });
  const known = phases.map((phase) => phase.name);
  checkRecipe(recipe, known);
  const chosen = recipe.phases.map((plan) => phases.find((phase) => phase.name === plan.phase)!);
  chosen.forEach((phase, i) => {
    resolveParams(phase, recipe.phases[i]!.params);
    checkInputs(phase, chosen[i - 1], recipe);
  });
  for (const [i, { artifactId }] of recipe.data.entries()) {
    const { kind } = await store.manifest(artifactId);
    if (kind !== 'dataset') throw refused(`data[${i}].artifactId names a ${kind}, not a dataset`);
  }
  return recipe;
}

function checkInputs({ name, consumes }: Phase, before: Phase | undefined, { data }: Recipe): void {
  if (consumes.data && data.length === 0) throw refused(`data is empty, but ${name} needs a data set`);
  if (consumes.atLeast === 0) return;
  if (before === undefined) throw refused(`phases begins with ${name}, which works on what another phase has made`);
  if (!before.produces.some(({ kind }) => kind === (consumes.kind ?? kind))) {
    throw refused(`${name} needs a ${consumes.kind}, and ${before.name} before it makes none`);
  }
}

function refused(problem: string): ForgeError {
  return new ForgeError('INVALID_ARGUMENT', `recipe is refused: ${problem}`);
}
