import { planMerge } from '../plan/plan-merge.js';
import type { MergePlan } from '../plan/plan.js';
import type { MergeRecipe } from '../recipe/recipe.js';
import { writeMerge, type WriteMergeOptions } from './write-merge.js';

export interface MergeFoldersOptions extends WriteMergeOptions {
  readonly recipe: MergeRecipe;
  /** Folder of the result; it must not exist, or be empty. */
  readonly out: string;
}

/**
 * Merges the model folders that a recipe names into a new one, streaming; everything is checked before any work is done.
 * @returns what was done, with notes on what is odd but allowed
 * @throws ForgeError what {@link planMerge} and {@link writeMerge} throw
 */
export async function mergeFolders({ recipe, out, ...options }: MergeFoldersOptions): Promise<MergePlan> {
  const plan = await planMerge(recipe);
  await writeMerge(recipe, plan, out, options);
  return plan;
}
