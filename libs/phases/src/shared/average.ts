import { memorySource, mergeModels, mergeRecipeOf } from '@agent-forge/merge';
import { ForgeError } from '@agent-forge/contracts';
import type { Model, Weights } from '@agent-forge/model';

/** The plain average of models of one shape. @throws ForgeError SHAPE_MISMATCH */
export async function averageOf(models: readonly Model[]): Promise<Model> {
  const names = models.map((_, i) => `model-${i}`);
  const recipe = mergeRecipeOf({
    merge_method: 'linear',
    models: names.map((model) => ({ model, parameters: { weight: 1 } })),
  });
  const merged = await mergeModels(recipe, new Map(names.map((name, i) => [name, memorySource(name, models[i]!)])));
  const weights: Weights = new Map();
  for (const name of merged.weights.shapes.keys()) weights.set(name, await merged.weights.read(name));
  return { config: merged.config, tokenizer: models[0]!.tokenizer, weights };
}

/** The plain average, or undefined for models that have none, for example imported ones with different vocabularies. */
export async function averageIfAny(models: readonly Model[]): Promise<Model | undefined> {
  return averageOf(models).catch((error: unknown) => {
    if (ForgeError.from(error).code === 'SHAPE_MISMATCH') return undefined;
    throw error;
  });
}
