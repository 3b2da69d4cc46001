import { readFile, stat } from 'node:fs/promises';
import { basename, dirname, extname, resolve } from 'node:path';
import { ForgeError } from '@agent-forge/contracts';
import {
  Field,
  FORGE_KEYS,
  parseLocatedYaml,
  PlaceError,
  readMergeFields,
  TOP_KEYS,
  type LocatedMap,
  type MergeRecipe,
  type Mistake,
} from '@agent-forge/merge';
import { readBudget, readFamilies, readName, readSeed, readSources } from './forge-section.js';
import { hasMerge, submitMerge } from './merge-section.js';
import { applyOverrides, type Override } from './override.js';
import { pipelinePlaces } from './pipeline-places.js';
import { readPhases } from './phases-section.js';
import type { PhaseEntry, Recipe } from './recipe.js';

/** Recipes with gradients for every layer of a dozen models have some ten kB. */
const MAX_RECIPE_BYTES = 1_000_000;
const DEFAULT_SEED = 1;
/** The phase that merges. */
const MERGING = 'evomerge';

/** A recipe that was read, or why it was not. */
export interface ReadRecipe {
  readonly path: string;
  /** Undefined when there are mistakes. */
  readonly recipe?: Recipe;
  /** In the order of the file. */
  readonly mistakes: readonly Mistake[];
}

/**
 * Reads a recipe from a file.
 * @throws ForgeError FILE_NOT_FOUND, PAYLOAD_TOO_LARGE, INVALID_ARGUMENT when it is no UTF-8
 */
export async function readRecipe(path: string, overrides: readonly Override[] = []): Promise<ReadRecipe> {
  return parseRecipe(await readRecipeText(path), path, overrides);
}

/**
 * The text of a recipe.
 * @throws ForgeError FILE_NOT_FOUND, PAYLOAD_TOO_LARGE, INVALID_ARGUMENT when it is no UTF-8
 */
export async function readRecipeText(path: string): Promise<string> {
  const found = await stat(path).catch((error: unknown) => {
    throw new ForgeError('FILE_NOT_FOUND', `${path} does not exist or cannot be read`, error);
  });
  if (!found.isFile()) throw new ForgeError('FILE_NOT_FOUND', `${path} is no file; name a recipe in YAML`);
  if (found.size > MAX_RECIPE_BYTES)
    throw new ForgeError(
      'PAYLOAD_TOO_LARGE',
      `${path} has ${found.size} bytes; a recipe has at most ${MAX_RECIPE_BYTES}`,
    );
  const bytes = await readFile(path);
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch (error) {
    if (error instanceof TypeError) throw new ForgeError('INVALID_ARGUMENT', `${path} is not UTF-8 text`, error);
    throw error;
  }
}

/**
 * Reads a recipe and everything that is wrong with it, but for the files that it names.
 * @param path for messages, and for the paths in it
 * @param reshape makes a recipe of what stands in the file, where that is none
 */
export function parseRecipe(
  text: string,
  path: string,
  overrides: readonly Override[] = [],
  reshape?: (root: LocatedMap) => LocatedMap,
): ReadRecipe {
  const mistakes: Mistake[] = [];
  const recipe = collecting(mistakes, () => {
    const parsed = parseLocatedYaml(text, path, mistakes);
    if (parsed.kind !== 'map') throw new PlaceError(path, parsed.at, 'a recipe is a map; see docs/guides/recipes.md');
    const shaped = reshape?.(parsed) ?? underForge(parsed, mistakes);
    const root = applyOverrides(shaped, overrides, mistakes);
    const read = readRoot(new Field(path, 'the recipe', root, mistakes), root, text);
    // What a merge asks for is only known where it could be read.
    const isUnread = hasMerge(root) && read.merge === null;
    mistakes.push(...pipelinePlaces(read, isUnread ? MERGING : undefined));
    return read;
  });
  const sorted = distinct(mistakes);
  return { path, mistakes: sorted, ...(sorted.length === 0 && recipe !== undefined ? { recipe } : {}) };
}

function collecting<T>(mistakes: Mistake[], read: () => T): T | undefined {
  try {
    return read();
  } catch (error) {
    if (!(error instanceof PlaceError)) throw error;
    mistakes.push(error);
    return undefined;
  }
}

/** Keys that people put to the left of where they belong. */
function underForge(root: LocatedMap, mistakes: Mistake[]): LocatedMap {
  const isAstray = (key: string) =>
    (FORGE_KEYS as readonly string[]).includes(key) && !(TOP_KEYS as readonly string[]).includes(key);
  for (const [key, { at }] of root.entries)
    if (isAstray(key)) mistakes.push({ at, problem: `${key} belongs under forge:` });
  return { ...root, entries: new Map([...root.entries].filter(([key]) => !isAstray(key))) };
}

function readRoot(root: Field, node: LocatedMap, text: string): Recipe {
  const top = root.fields(TOP_KEYS);
  const forge = top.forge?.attempt(() => top.forge!.fields(FORGE_KEYS)) ?? {};
  const folder = dirname(resolve(root.path));
  const part = <T>(key: keyof typeof forge, or: T, read: (field: Field) => T): T =>
    forge[key] === undefined ? or : (forge[key].attempt(() => read(forge[key]!)) ?? or);
  const merge = hasMerge(node) ? (root.attempt(() => readMergeFields(root, text)) ?? null) : null;
  if (!hasMerge(node) && forge.phases === undefined)
    root.complain('it says nothing to do: give phases under forge:, or a merge (merge_method and models)');
  const models = part('models', [], (field) => readSources(field, 'model', folder));
  const recipe: Recipe = {
    path: root.path,
    name: part(
      'name',
      top.name?.node.kind === 'scalar' ? readName(top.name) : basename(root.path, extname(root.path)),
      readName,
    ),
    seed: part('seed', DEFAULT_SEED, readSeed),
    families: part('families', {}, readFamilies),
    data: part('data', [], (field) => readSources(field, 'data', folder)),
    models,
    phases: part('phases', hasMerge(node) ? [mergeAlone(root)] : [], readPhases),
    budget: part('budget', {}, readBudget),
    merge,
  };
  // A merge with mistakes has lost parts that are needed here.
  return merge === null || root.mistakes!.length > 0 ? recipe : withMerge(recipe, merge, node, folder, root);
}

/** What a plain recipe of mergekit asks for. */
function mergeAlone({ at }: Field): PhaseEntry {
  return { phase: MERGING, at, params: {}, node: null, allowFallback: false, gates: {} };
}

/** The recipe with its merge as a parameter of evomerge. */
function withMerge(recipe: Recipe, merge: MergeRecipe, node: LocatedMap, folder: string, root: Field): Recipe {
  const index = recipe.phases.findIndex(({ phase }) => phase === MERGING);
  if (index === -1)
    root.complain(`the recipe says how to merge, and ${MERGING} is not among its phases`, merge.methodAt);
  if (recipe.phases[index]?.params['recipe'] !== undefined)
    root.complain(`${MERGING} has a recipe of its own as well; keep one of them`, merge.methodAt);
  const before = recipe.phases[index - 1]?.phase;
  const { recipe: submitted, imports } = submitMerge(node, merge, { models: recipe.models, before, folder });
  const phases = recipe.phases.map((entry, i) =>
    i === index ? { ...entry, params: { ...entry.params, recipe: submitted } } : entry,
  );
  return { ...recipe, phases, models: [...recipe.models, ...imports] };
}

/** In the order of the file, each once: two readers may complain of one key. */
function distinct(mistakes: readonly Mistake[]): Mistake[] {
  const keyOf = ({ at, problem }: Mistake) => JSON.stringify([at.source ?? '', at.line, at.column, problem]);
  const unique = [...new Map(mistakes.map(({ at, problem }) => [keyOf({ at, problem }), { at, problem }])).values()];
  return unique.sort((a, b) => a.at.line - b.at.line || a.at.column - b.at.column);
}
