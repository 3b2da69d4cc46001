import type { LlamaConfig, LazyWeights, Tokenizer } from '@agent-forge/model';
import { planMerge } from '../plan/plan-merge.js';
import type { OpenModel } from '../plan/participants.js';
import type { MergePlan } from '../plan/plan.js';
import type { MergeRecipe } from '../recipe/recipe.js';
import { errorAt } from '../recipe/located-yaml.js';
import type { MergeSource } from '../plan/source.js';
import { mergedWeights } from './merged-weights.js';

/** A merge that is computed where it is read; {@link writeModelFolder} and `createEvaluator` take it as a model. */
export interface MergedModel {
  readonly config: LlamaConfig;
  readonly tokenizer: Tokenizer | null;
  /** One tensor is computed at a time, in this thread, each time that it is read. */
  readonly weights: LazyWeights;
  /** What is odd but allowed, for people. */
  readonly notes: readonly string[];
}

/**
 * Merges models that are open already, without touching the disk.
 * @param models by the names that the recipe gives them; see `memorySource` and `openMergeSource`
 * @throws ForgeError `INVALID_ARGUMENT` for a name that is not among them, and what {@link planMerge} throws
 */
export async function mergeModels(recipe: MergeRecipe, models: ReadonlyMap<string, MergeSource>): Promise<MergedModel> {
  const open: OpenModel = async ({ text, at }) =>
    models.get(text) ??
    refuse(errorAt(recipe.path, at, `there is no model ${text} among ${[...models.keys()].join(', ')}`));
  return mergedModel(await planMerge(recipe, open));
}

/** What a plan makes, as a model. */
export function mergedModel(plan: MergePlan): MergedModel {
  const { config, tokenizer, notes } = plan;
  return { config, tokenizer, weights: mergedWeights(plan), notes };
}

function refuse(error: Error): never {
  throw error;
}
