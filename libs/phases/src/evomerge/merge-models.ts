import { createWriteStream } from 'node:fs';
import { mkdir, mkdtemp } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { ForgeError, type ArtifactName, type ArtifactStore, type Json } from '@agent-forge/contracts';
import { memorySource, mergedModel, mergeRecipeOf, planMerge, type MergePlan } from '@agent-forge/merge';
import { readModelFolder, type Model, type Weights } from '@agent-forge/model';

/** Models by their roles. */
export type Models = ReadonlyMap<string, Model>;

/** A merge recipe in mergekit's form, whose models are named by their roles. */
export type RoleRecipe = Readonly<Record<string, Json>>;

/** A stored model by what it is, not by where it comes from: two trainings that end in the same tensors are the same. */
export interface StoredModel {
  readonly role: string;
  /** The files that a model is read from: weights, configuration, tokenizer. */
  readonly files: readonly { readonly name: string; readonly digest: string }[];
}

/** What models are read from; other files of their folders are for people. */
const MODEL_FILE = /\.(safetensors|json|jinja)$/;

/** Looks up what artifacts hold. */
export function storedModels(
  artifacts: ArtifactStore,
  names: readonly Pick<ArtifactName, 'id' | 'role'>[],
): Promise<StoredModel[]> {
  return Promise.all(
    names.map(async ({ id, role }) => {
      const { files } = await artifacts.manifest(id);
      const read = files.filter(({ name }) => MODEL_FILE.test(name));
      return { role, files: read.map(({ name, digest }) => ({ name, digest })) };
    }),
  );
}

/** Reads stored models into memory. */
export async function readModels(
  artifacts: ArtifactStore,
  stored: readonly StoredModel[],
  workDir: string,
): Promise<Models> {
  const models = new Map<string, Model>();
  const parent = await mkdtemp(join(workDir, 'models-'));
  for (const { role, files } of stored) {
    const dir = join(parent, role);
    for (const { name, digest } of files) {
      await mkdir(dirname(join(dir, name)), { recursive: true });
      await pipeline(artifacts.readFile(digest), createWriteStream(join(dir, name)));
    }
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
