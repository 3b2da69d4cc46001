import { existsSync } from 'node:fs';
import { basename, resolve } from 'node:path';
import type { JsonObject } from '@bufbuild/protobuf';
import {
  FORGE_KEYS,
  referencesOf,
  TOP_KEYS,
  type Located,
  type LocatedMap,
  type MergeRecipe,
  type Place,
} from '@agent-forge/merge';
import { phases as knownPhases } from '@agent-forge/phases';
import { jsonOf } from './phases-section.js';
import type { Source } from './recipe.js';

/** Keys of the forge section that a merge reads itself. */
const MERGE_FORGE_KEYS = ['on_mismatch', 'seed'] as const satisfies readonly (typeof FORGE_KEYS)[number][];

/** What stands around a merge. */
export interface MergeSurroundings {
  /** Models that the recipe imports by name. */
  readonly models: readonly Source[];
  /** The phase before evomerge; undefined when evomerge is first. */
  readonly before: string | undefined;
  /** That relative paths start from. */
  readonly folder: string;
}

/** A merge in the form that evomerge takes, and the models that it imports besides those that have a name already. */
export interface SubmittedMerge {
  readonly recipe: JsonObject;
  readonly imports: readonly Source[];
}

/** Whether a file says how to merge, besides what is forge's own. */
export function hasMerge(root: LocatedMap): boolean {
  return [...root.entries.keys()].some(
    (key) => (TOP_KEYS as readonly string[]).includes(key) && key !== 'forge' && key !== 'name',
  );
}

/**
 * Gives the models of a merge the roles by which evomerge finds them: those of the phase before, names of imported models, and new names for
 * folders.
 */
export function submitMerge(root: LocatedMap, merge: MergeRecipe, around: MergeSurroundings): SubmittedMerge {
  const imports = new Map<string, Source>();
  const roles = new Map<Place, string>();
  const taken = new Set(around.models.map(({ name }) => name));
  for (const { text, at } of referencesOf(merge)) {
    const role = roleOf(text, around);
    if (role !== undefined) roles.set(at, role);
    else {
      const path = localFolder(text, around.folder);
      const known = imports.get(path) ?? { name: freeName(path, taken), at, path };
      taken.add(known.name);
      imports.set(path, known);
      roles.set(at, importedRole(known.name, around.before));
    }
  }
  return { recipe: mergePart(root, roles), imports: [...imports.values()] };
}

/** The role of something that is no path. */
function roleOf(text: string, { models, before }: MergeSurroundings): string | undefined {
  if (models.some(({ name }) => name === text)) return importedRole(text, before);
  const made = knownPhases.find(({ name }) => name === before)?.produces ?? [];
  const isMade = made.some(
    ({ role, kind }) => kind === 'model' && (role.endsWith('*') ? text.startsWith(role.slice(0, -1)) : text === role),
  );
  return isMade ? text : undefined;
}

/** A path is relative to the recipe or, where there is nothing, to the working directory, as for mergekit. */
export function localFolder(text: string, folder: string): string {
  const [first, ...others] = [resolve(folder, text), resolve(text)];
  return [first, ...others].find((path) => existsSync(path)) ?? first;
}

/** cognate passes imported models on as seeds. */
function importedRole(name: string, before: string | undefined): string {
  return before === undefined || name.startsWith('seed-') ? name : `seed-${name}`;
}

/** A name of a folder that no other has. */
function freeName(path: string, taken: ReadonlySet<string>): string {
  const plain =
    basename(path)
      .toLowerCase()
      .replaceAll(/[^a-z0-9-]+/g, '-')
      .replace(/^-+/, '')
      .slice(0, 50) || 'model';
  for (let n = 1; ; n++) {
    const name = n === 1 ? plain : `${plain}-${n}`;
    if (!taken.has(name)) return name;
  }
}

/** The keys of mergekit, and those of forge's that change a merge. */
function mergePart(root: LocatedMap, roles: ReadonlyMap<Place, string>): JsonObject {
  const forge = root.entries.get('forge')?.value;
  const own =
    forge?.kind === 'map'
      ? [...forge.entries].filter(([key]) => (MERGE_FORGE_KEYS as readonly string[]).includes(key))
      : [];
  const rest = [...root.entries].filter(([key]) => key !== 'forge');
  const entries =
    own.length === 0 ? rest : [...rest, ['forge', { at: root.at, value: { ...root, entries: new Map(own) } }] as const];
  return jsonOf(renamed({ ...root, entries: new Map(entries) }, roles)) as JsonObject;
}

function renamed(node: Located, roles: ReadonlyMap<Place, string>): Located {
  if (node.kind === 'scalar') return { ...node, value: roles.get(node.at) ?? node.value };
  if (node.kind === 'list') return { ...node, items: node.items.map((item) => renamed(item, roles)) };
  const entries = [...node.entries].map(([key, { at, value }]) => [key, { at, value: renamed(value, roles) }] as const);
  return { ...node, entries: new Map(entries) };
}
