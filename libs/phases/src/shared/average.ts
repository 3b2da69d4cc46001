import { memorySource, mergeModels, mergeRecipeOf } from '@agent-forge/merge';
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
