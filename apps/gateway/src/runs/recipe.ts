import { create } from '@bufbuild/protobuf';
import { ForgeError, RecipeSchema, type ArtifactStore, type Recipe, type RunRequest } from '@agent-forge/contracts';
import { checkPipeline } from '@agent-forge/phases';

const DEFAULT_SEED = 1;

/**
 * The recipe that a request asks for, after checking everything that can be checked before work starts: phases, parameters, what each phase
 * reads, and that the data sets are there.
 * @throws ForgeError INVALID_ARGUMENT or ARTIFACT_NOT_FOUND, naming what is wrong
 */
export async function recipeOf(request: RunRequest, store: ArtifactStore): Promise<Recipe> {
  const { name = '', seed = DEFAULT_SEED, data = [], phases } = request;
  const recipe = create(RecipeSchema, {
    name,
    seed,
    data,
    phases: phases.map(({ phase, params = {}, allowFallback = false }) => ({ phase, params, allowFallback })),
  });
  checkPipeline(recipe);
  for (const [i, { artifactId }] of recipe.data.entries()) {
    // Renewed, so that it cannot be collected as garbage before the log names it.
    const { kind } = await store.renew(artifactId);
    if (kind === 'dataset') continue;
    throw new ForgeError('INVALID_ARGUMENT', `recipe is refused: data[${i}].artifactId names a ${kind}, not a dataset`);
  }
  return recipe;
}
