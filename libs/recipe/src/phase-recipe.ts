import { basename } from 'node:path';
import type { Located, LocatedMap, Place } from '@agent-forge/merge';
import type { Override } from './override.js';
import { parseRecipe, readRecipeText, type ReadRecipe } from './read-recipe.js';

/** One phase alone, as it is asked for on a command line. */
export interface PhaseRequest {
  readonly phase: string;
  /** YAML: the phase's parameters, or a recipe, of which the phase, the families, the data and the seed count. */
  readonly file?: string;
  /** Model folders that it works on, instead of what the file imports. */
  readonly models: readonly string[];
  /** Data files, instead of the file's. */
  readonly data: readonly string[];
  /** Such as `add=3,copy`, instead of the file's. */
  readonly families?: string;
  readonly seed?: number;
  readonly overrides?: readonly Override[];
}

/** What of a recipe concerns a phase alone. */
const SECTIONS = ['name', 'seed', 'families', 'data'] as const;
/** What is said of what was typed. */
const TYPED = 'the command line';

/**
 * Reads what a phase alone is to do, as a recipe of one phase, and everything that is wrong with it, but for the files that it names.
 * @throws ForgeError FILE_NOT_FOUND, PAYLOAD_TOO_LARGE, INVALID_ARGUMENT when the file is no UTF-8
 */
export async function readPhaseRecipe({ file, overrides, ...request }: PhaseRequest): Promise<ReadRecipe> {
  const text = file === undefined ? '{}' : await readRecipeText(file);
  return parseRecipe(text, file ?? TYPED, overrides, (root) => recipeOf(root, request));
}

function recipeOf(root: LocatedMap, request: Omit<PhaseRequest, 'file' | 'overrides'>): LocatedMap {
  const { phase, models, data, families, seed } = request;
  const given = root.entries.get('forge')?.value;
  const forge = given?.kind === 'map' ? given.entries : new Map();
  const entries = new Map<string, { at: Place; value: Located }>();
  for (const section of SECTIONS) if (forge.has(section)) entries.set(section, forge.get(section)!);
  const put = (key: string, source: string, value: (at: Place) => Located): void => {
    const at: Place = { line: 1, column: 1, source };
    entries.set(key, { at, value: value(at) });
  };
  if (seed !== undefined) put('seed', `--seed ${seed}`, (at) => ({ kind: 'scalar', at, value: seed }));
  if (families !== undefined) put('families', `--families ${families}`, (at) => mapOf(at, weightsOf(families)));
  if (data.length > 0) put('data', '--data', (at) => mapOf(at, named(data)));
  if (models.length > 0) put('models', '--in', (at) => mapOf(at, named(models)));
  const params = given === undefined ? root : phaseIn(forge.get('phases')?.value, phase);
  const nothing: Located = { kind: 'scalar', at: root.at, value: null };
  const phases: Located = {
    kind: 'map',
    at: root.at,
    entries: new Map([[phase, { at: params?.at ?? root.at, value: params ?? nothing }]]),
  };
  entries.set('phases', { at: root.at, value: phases });
  const section: LocatedMap = { kind: 'map', at: root.at, entries };
  return { kind: 'map', at: root.at, entries: new Map([['forge', { at: root.at, value: section }]]) };
}

/** What a recipe says of a phase, whether its phases are a map or a list. */
function phaseIn(phases: Located | undefined, name: string): Located | undefined {
  if (phases?.kind === 'map') return phases.entries.get(name)?.value;
  if (phases?.kind !== 'list') return undefined;
  return phases.items.flatMap((item) => (item.kind === 'map' ? (item.entries.get(name)?.value ?? []) : []))[0];
}

function mapOf(at: Place, values: readonly (readonly [string, string | number])[]): Located {
  const entries = values.map(([key, value]) => [key, { at, value: { kind: 'scalar', at, value } as Located }] as const);
  return { kind: 'map', at, entries: new Map(entries) };
}

/** Families without a weight have 1; what is no number is left for the reader to complain of. */
function weightsOf(text: string): [string, string | number][] {
  return text.split(',').map((part) => {
    const [name = '', weight = '1'] = part.trim().split('=');
    return [name, Number.isNaN(Number(weight)) ? weight : Number(weight)];
  });
}

/** Paths with names after the last part of each: `models/Seed A` is `seed-a`, and a second one `seed-a-2`. */
function named(paths: readonly string[]): [string, string][] {
  const seen = new Map<string, number>();
  return paths.map((path) => {
    const plain =
      basename(path)
        .toLowerCase()
        .replaceAll(/[^a-z0-9]+/g, '-')
        .replaceAll(/^-+|-+$/g, '') || 'input';
    const count = (seen.get(plain) ?? 0) + 1;
    seen.set(plain, count);
    return [count === 1 ? plain : `${plain}-${count}`, path];
  });
}
