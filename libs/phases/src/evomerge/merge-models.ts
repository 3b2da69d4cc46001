import { join } from 'node:path';
import type { ArtifactName, ArtifactStore } from '@agent-forge/contracts';
import { memorySource, mergeModels, mergeRecipeOf } from '@agent-forge/merge';
import { readModelFolder, type Model, type Weights } from '@agent-forge/model';

/** Models by their roles. */
export type Models = ReadonlyMap<string, Model>;

/** Reads stored models into memory. */
export async function readModels(
  artifacts: ArtifactStore,
  names: readonly Pick<ArtifactName, 'id' | 'role'>[],
  workDir: string,
): Promise<Models> {
  const models = new Map<string, Model>();
  for (const { id, role } of names) {
    const dir = join(workDir, `read-${role}`);
    await artifacts.materialise(id, dir);
    models.set(role, await readModelFolder(dir));
  }
  return models;
}

/**
 * The merge of a recipe that names models by their roles.
 * @throws ForgeError SHAPE_MISMATCH with all that does not fit, INVALID_ARGUMENT for what the recipe says
 */
export async function merge(recipe: object, models: Models): Promise<Model> {
  const sources = new Map([...models].map(([role, model]) => [role, memorySource(role, model)]));
  const { config, weights: lazy, tokenizer } = await mergeModels(mergeRecipeOf(recipe), sources);
  const weights: Weights = new Map();
  for (const name of lazy.shapes.keys()) weights.set(name, await lazy.read(name));
  return { config, tokenizer, weights };
}
