import { create, type MessageInitShape } from '@bufbuild/protobuf';
import {
  ForgeError,
  RecipeSchema,
  type ArtifactKind,
  type ArtifactStore,
  type BoundSchema,
  type Recipe,
  type RunPhaseRequest,
  type RunRequest,
} from '@agent-forge/contracts';
import { checkPipeline } from '@agent-forge/phases';

const DEFAULT_SEED = 1;

/**
 * The recipe that a request asks for, after checking everything that can be checked before work starts: phases, parameters, what each phase
 * reads, and that the data sets are there.
 * @throws ForgeError INVALID_ARGUMENT or ARTIFACT_NOT_FOUND, naming what is wrong
 */
export async function recipeOf(request: RunRequest, store: ArtifactStore): Promise<Recipe> {
  const { name = '', seed = DEFAULT_SEED, data = [], families = {}, models = [], budget, phases } = request;
  const recipe = create(RecipeSchema, {
    name,
    seed,
    data,
    families,
    models,
    ...(budget ? { budget } : {}),
    phases: phases.map(({ phase, params = {}, allowFallback = false, gates = {} }) => ({
      phase,
      params,
      allowFallback,
      gates: boundsOf(gates, phase),
    })),
  });
  checkPipeline(recipe);
  await checkKinds(recipe, 'data', 'dataset', store);
  await checkKinds(recipe, 'models', 'model', store);
  return recipe;
}

/** Renews what a recipe names, so that it cannot be collected as garbage before the log names it. */
async function checkKinds(
  recipe: Recipe,
  field: 'data' | 'models',
  kind: ArtifactKind,
  store: ArtifactStore,
): Promise<void> {
  for (const [i, { artifactId }] of recipe[field].entries()) {
    const found = await store.renew(artifactId);
    if (found.kind !== kind) throw refused(`${field}[${i}].artifactId names a ${found.kind}, not a ${kind}`);
  }
}

function boundsOf(
  gates: NonNullable<RunPhaseRequest['gates']>,
  phase: string,
): Record<string, MessageInitShape<typeof BoundSchema>> {
  for (const [metric, bound] of Object.entries(gates as Record<string, unknown>)) {
    const place = `gates.${metric.slice(0, 80)} of ${phase}`;
    if (typeof bound !== 'object' || bound === null) throw refused(`${place} must be an object with min or max`);
    const entries = Object.entries(bound);
    const isRight =
      entries.length > 0 && entries.every(([key, value]) => ['min', 'max'].includes(key) && Number.isFinite(value));
    if (!isRight) throw refused(`${place} must have a number as min, as max, or both`);
  }
  return gates;
}

function refused(problem: string): ForgeError {
  return new ForgeError('INVALID_ARGUMENT', `recipe is refused: ${problem}`);
}
