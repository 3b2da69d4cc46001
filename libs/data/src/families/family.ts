import { ForgeError, type Rng } from '@agent-forge/contracts';
import type { TaskItem } from '../items.js';
import { normalizeKey } from '../split.js';

/** A source of task items of one kind that a small model can learn, with its exact solver. */
export interface TaskFamily {
  readonly name: string;
  /** Number of distinct keys, that is of units of the split. */
  readonly keyCount: number;
  /** Share of right answers by the guess that {@link chanceOf} describes: the floor against which accuracy is read. */
  readonly chance: number;
  readonly chanceOf: string;
  /** One item, drawn as often as the family's settings say. */
  sample(rng: Rng): TaskItem;
  /** Every item once, where there are few enough to list. */
  enumerate?(): Iterable<TaskItem>;
  /** Reads a prompt of this family in any of its spellings, whatever the settings; undefined for a foreign prompt. */
  recognize(prompt: string): TaskItem | undefined;
  /** Whether an output answers the item exactly. */
  check(item: TaskItem, output: string): boolean;
}

/** One setting of a family: a number with its range, or one of a few words. */
export type Setting =
  | { readonly default: number; readonly min: number; readonly max: number; readonly whole?: boolean }
  | { readonly default: string; readonly oneOf: readonly string[] };

/** Chosen values of settings, as a recipe writes them. */
export type SettingValues = Readonly<Record<string, number | string>>;

type ValuesOf<S> = { readonly [K in keyof S]: S[K] extends { oneOf: readonly string[] } ? string : number };

/** A family before its settings are chosen: one row of the registry. */
export interface FamilyKind {
  readonly name: string;
  /** One line for people: what is asked and what is answered. */
  readonly summary: string;
  readonly settings: Readonly<Record<string, Setting>>;
  /** @throws ForgeError INVALID_ARGUMENT for an unknown setting or one out of range */
  create(values?: SettingValues): TaskFamily;
}

/** How a family is written down: a puzzle is what is drawn, everything else follows from it. */
export interface FamilyDefinition<Puzzle> {
  readonly keyCount: number;
  readonly chance: number;
  readonly chanceOf: string;
  draw(rng: Rng): Puzzle;
  all?(): Iterable<Puzzle>;
  prompt(puzzle: Puzzle): string;
  /** The inverse of `prompt` for a normalised prompt, and liberal: it knows other settings' puzzles too. */
  parse(prompt: string): Puzzle | undefined;
  answer(puzzle: Puzzle): string;
  key(puzzle: Puzzle): string;
  difficulty(puzzle: Puzzle): number;
  system?: string;
  thoughts?(puzzle: Puzzle): string;
  check?(item: TaskItem, output: string): boolean;
}

/** Makes one row of the registry out of a name, settings and what they define. */
export function defineFamily<const S extends Readonly<Record<string, Setting>>, Puzzle>(
  name: string,
  summary: string,
  settings: S,
  define: (values: ValuesOf<S>) => FamilyDefinition<Puzzle>,
): FamilyKind {
  return {
    name,
    summary,
    settings,
    create: (values = {}) => build(name, define(chooseSettings(name, settings, values) as ValuesOf<S>)),
  };
}

function build<Puzzle>(name: string, family: FamilyDefinition<Puzzle>): TaskFamily {
  const toItem = (puzzle: Puzzle): TaskItem => ({
    family: name,
    key: family.key(puzzle),
    prompt: family.prompt(puzzle),
    answer: family.answer(puzzle),
    difficulty: family.difficulty(puzzle),
    ...(family.system === undefined ? {} : { system: family.system }),
    ...(family.thoughts === undefined ? {} : { thoughts: family.thoughts(puzzle) }),
  });
  const { all } = family;
  return {
    name,
    keyCount: family.keyCount,
    chance: family.chance,
    chanceOf: family.chanceOf,
    sample: (rng) => toItem(family.draw(rng)),
    ...(all === undefined ? {} : { enumerate: () => mapIterable(all(), toItem) }),
    recognize: (prompt) => {
      const puzzle = family.parse(normalizeKey(prompt));
      return puzzle === undefined ? undefined : toItem(puzzle);
    },
    check: family.check ?? ((item, output) => output === item.answer),
  };
}

function* mapIterable<A, B>(items: Iterable<A>, map: (item: A) => B): Iterable<B> {
  for (const item of items) yield map(item);
}

function chooseSettings(family: string, settings: Readonly<Record<string, Setting>>, values: SettingValues): object {
  for (const name of Object.keys(values)) {
    if (Object.hasOwn(settings, name)) continue;
    const known = Object.keys(settings).join(', ') || 'none';
    throw new ForgeError('INVALID_ARGUMENT', `family ${family} has no setting "${name}" (settings: ${known})`);
  }
  return Object.fromEntries(
    Object.entries(settings).map(([name, setting]) => {
      const value = values[name] ?? setting.default;
      if (allows(setting, value)) return [name, value];
      const range = 'oneOf' in setting ? `one of ${setting.oneOf.join(' ')}` : `${setting.min} to ${setting.max}`;
      throw new ForgeError('INVALID_ARGUMENT', `setting ${name} of family ${family} must be ${range}, not ${value}`);
    }),
  );
}

function allows(setting: Setting, value: unknown): boolean {
  if ('oneOf' in setting) return typeof value === 'string' && setting.oneOf.includes(value);
  if (typeof value !== 'number' || (setting.whole !== false && !Number.isInteger(value))) return false;
  return value >= setting.min && value <= setting.max;
}
