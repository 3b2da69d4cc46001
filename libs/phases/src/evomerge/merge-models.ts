import { mkdtemp } from 'node:fs/promises';
import { join } from 'node:path';
import { ForgeError, type ArtifactName, type ArtifactStore, type Json } from '@agent-forge/contracts';
import { memorySource, mergedModel, mergeRecipeOf, planMerge, type MergePlan } from '@agent-forge/merge';
import { readModelFolder, type Model, type Weights } from '@agent-forge/model';

/** Models by their roles. */
export type Models = ReadonlyMap<string, Model>;

/** A merge recipe in mergekit's form, whose models are named by their roles. */
export type RoleRecipe = Readonly<Record<string, Json>>;

/** Reads stored models into memory. */
export async function readModels(
  artifacts: ArtifactStore,
  names: readonly Pick<ArtifactName, 'id' | 'role'>[],
  workDir: string,
): Promise<Models> {
  const models = new Map<string, Model>();
  const parent = await mkdtemp(join(workDir, 'models-'));
  for (const { id, role } of names) {
    const dir = join(parent, role);
    await artifacts.materialise(id, dir);
    models.set(role, await readModelFolder(dir));
  }
  return models;
}

/**
 * Checks a merge before any work. The `path` of a source in the plan is its role.
 * @throws ForgeError SHAPE_MISMATCH with all that does not fit, INVALID_ARGUMENT for what the recipe says
 */
export function planRoles(recipe: RoleRecipe, models: Models): Promise<MergePlan> {
  const read = mergeRecipeOf(recipe, 'the recipe of the merge');
  return planMerge(read, async ({ text }) => {
    const model = models.get(text);
    if (model) return memorySource(text, model);
    throw new ForgeError('INVALID_ARGUMENT', `${read.path} names ${text}; there are ${[...models.keys()].join(', ')}`);
  });
}

/** The merge of a recipe, in memory. @throws ForgeError what {@link planRoles} throws */
export async function merge(recipe: RoleRecipe, models: Models): Promise<Model> {
  const { config, weights: lazy, tokenizer } = mergedModel(await planRoles(recipe, models));
  const weights: Weights = new Map();
  for (const name of lazy.shapes.keys()) weights.set(name, await lazy.read(name));
  return { config, tokenizer, weights };
}
