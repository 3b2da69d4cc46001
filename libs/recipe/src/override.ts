import { ForgeError, nearest } from '@agent-forge/contracts';
import {
  FORGE_KEYS,
  parseLocatedYaml,
  TOP_KEYS,
  type Located,
  type LocatedMap,
  type Mistake,
  type Place,
} from '@agent-forge/merge';
import { phases as knownPhases } from '@agent-forge/phases';

/** A value that replaces one of the recipe: `--set cognate.maxSeconds=30`. */
export interface Override {
  /** As it was written, for messages. */
  readonly text: string;
  readonly key: readonly string[];
  readonly value: string;
}

/** Sections that name things: only things that the recipe has can be given another value. */
const NAMED_SECTIONS: readonly string[] = ['data', 'models', 'families'];
/** What these hold are texts, whatever they look like. */
const TEXT_SECTIONS: readonly string[] = ['data', 'models', 'name'];
/** Keys of the file that are not keys of the forge section as well. */
const MERGE_KEYS = TOP_KEYS.filter((key) => !(FORGE_KEYS as readonly string[]).includes(key) && key !== 'forge');

/** So many keys can be read in a line. */
const MAX_LISTED = 12;

/** Reads `key=value`. @throws ForgeError INVALID_ARGUMENT */
export function parseOverride(text: string): Override {
  const at = text.indexOf('=');
  const key = text.slice(0, at).split('.');
  if (at < 1 || key.some((part) => part === ''))
    throw new ForgeError(
      'INVALID_ARGUMENT',
      `--set ${text.slice(0, 80)}: give key=value, for example --set cognate.maxSeconds=30`,
    );
  return { text, key: key[0] === 'forge' && key.length > 1 ? key.slice(1) : key, value: text.slice(at + 1) };
}

/** A parsed recipe with some of its values replaced. Keys that it cannot have are mistakes, with the nearest that it can. */
export function applyOverrides(root: LocatedMap, overrides: readonly Override[], mistakes: Mistake[]): LocatedMap {
  return overrides.reduce((map, override) => {
    const at: Place = { line: 1, column: 1, source: `--set ${override.text}` };
    const path = pathOf(map, override);
    if (typeof path !== 'string') return put(map, path, valueOf(override, at), at);
    mistakes.push({ at, problem: path });
    return map;
  }, root);
}

/** Where in the file a key stands, or what is wrong with it. */
function pathOf(root: LocatedMap, { key }: Override): readonly string[] | string {
  const [section = '', ...rest] = key;
  const name = rest.join('.');
  if (NAMED_SECTIONS.includes(section) && name !== '') {
    const known = namesIn(root, section);
    return known.includes(name)
      ? ['forge', section, name]
      : unknown(
          `${section}.${name}`,
          known.map((one) => `${section}.${one}`),
        );
  }
  if (phasesOf(root).includes(section) && name !== '') return ['forge', 'phases', section, ...rest];
  if (knownPhases.some((phase) => phase.name === section))
    return `the recipe has no phase ${section}; it has ${phasesOf(root).join(', ') || 'none'}`;
  if (section === 'budget' && name !== '') return ['forge', 'budget', name];
  if ((section === 'name' || section === 'seed' || section === 'on_mismatch') && name === '') return ['forge', section];
  if ((MERGE_KEYS as readonly string[]).includes(section)) return key;
  return unknown(key.join('.'), keysOf(root));
}

function unknown(key: string, known: readonly string[]): string {
  const meant = nearest(key, known);
  const some = `${known.slice(0, MAX_LISTED).join(', ')}${known.length > MAX_LISTED ? ' …' : ''}`;
  const there = known.length > 0 ? `there are ${some}` : 'it has nothing of the kind';
  return `the recipe has no ${key.slice(0, 80)}; ${meant === undefined ? there : `did you mean ${meant}?`}`;
}

/** Every key that can be set in this recipe. */
function keysOf(root: LocatedMap): string[] {
  const named = NAMED_SECTIONS.flatMap((section) => namesIn(root, section).map((name) => `${section}.${name}`));
  const params = phasesOf(root).flatMap((name) => {
    const phase = knownPhases.find((one) => one.name === name);
    return Object.keys(phase?.params.properties ?? {}).map((param) => `${name}.${param}`);
  });
  return ['name', 'seed', 'budget.seconds', 'budget.memory_mib', 'budget.disk_mib', ...named, ...params];
}

function namesIn(root: LocatedMap, section: string): string[] {
  const node = child(child(root, 'forge'), section);
  return node?.kind === 'map' ? [...node.entries.keys()] : [];
}

function phasesOf(root: LocatedMap): string[] {
  const node = child(child(root, 'forge'), 'phases');
  if (node?.kind === 'map') return [...node.entries.keys()];
  if (node?.kind === 'list') return node.items.flatMap((item) => phaseOf(item) ?? []);
  return root.entries.has('merge_method') ? ['evomerge'] : [];
}

/** The phase that an item of a list of phases names. */
function phaseOf(item: Located): string | undefined {
  if (item.kind === 'scalar') return typeof item.value === 'string' ? item.value : undefined;
  return item.kind === 'map' ? [...item.entries.keys()][0] : undefined;
}

function child(node: Located | undefined, key: string): Located | undefined {
  return node?.kind === 'map' ? node.entries.get(key)?.value : undefined;
}

/** Typed by what it is for: YAML, but for texts. */
function valueOf({ key, value }: Override, at: Place): Located {
  const text: Located = { kind: 'scalar', at, value };
  if (value === '') return { kind: 'scalar', at, value: null };
  if (TEXT_SECTIONS.includes(key[0]!)) return text;
  const phase = knownPhases.find(({ name }) => name === key[0]);
  if (key.length === 2 && phase?.params.properties[key[1]!]?.type === 'string') return text;
  try {
    return replaced(parseLocatedYaml(value, ''), at);
  } catch {
    // What is no YAML is taken as it stands; the reader says what should stand there.
    return text;
  }
}

/** The same values at another place. */
function replaced(node: Located, at: Place): Located {
  if (node.kind === 'scalar') return { ...node, at };
  if (node.kind === 'list') return { ...node, at, items: node.items.map((item) => replaced(item, at)) };
  const entries = [...node.entries].map(([key, { value }]) => [key, { at, value: replaced(value, at) }] as const);
  return { ...node, at, entries: new Map(entries) };
}

/** A tree with another value at a path; what is missing on the way is made. */
function put(node: Located | undefined, [key, ...rest]: readonly string[], value: Located, at: Place): LocatedMap {
  const map: LocatedMap = node?.kind === 'map' ? node : { kind: 'map', at: node?.at ?? at, entries: new Map() };
  const before = map.entries.get(key!);
  const asMap = before?.value.kind === 'list' ? phaseMap(before.value) : before?.value;
  const entry = rest.length === 0 ? { at, value } : { at: before?.at ?? at, value: put(asMap, rest, value, at) };
  return { ...map, entries: new Map([...map.entries, [key!, entry]]) };
}

/** A list of phases as the map that says the same. */
function phaseMap({ at, items }: Located & { kind: 'list' }): Located {
  const entries = items.flatMap((item): [string, { at: Place; value: Located }][] => {
    if (item.kind === 'map') return [...item.entries];
    const nothing: Located = { kind: 'scalar', at: item.at, value: null };
    return item.kind === 'scalar' ? [[String(item.value), { at: item.at, value: nothing }]] : [];
  });
  return { kind: 'map', at, entries: new Map(entries) };
}
