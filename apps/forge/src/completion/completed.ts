import { PHASES } from '@agent-forge/contracts';
import type { Command } from 'commander';

/** What a shell can ask a running system for. */
export const ASKED = ['run', 'artifact', 'key', 'user', 'webhook'] as const;
/** One of {@link ASKED}. */
export type Asked = (typeof ASKED)[number];

/** What may stand in a place: files, some words, what a running system has, or what nobody can know. */
export type Kind = 'file' | 'none' | Asked | { readonly words: readonly string[] };

/** A command as a shell completes it. */
export interface Completed {
  /** Its words: `run`, or `keys add`. */
  readonly path: string;
  readonly meaning: string;
  readonly flags: readonly string[];
  /** Options that take a value, and what that may be. */
  readonly values: ReadonlyMap<string, Kind>;
  /** What its arguments may be, in order. */
  readonly positions: readonly Kind[];
  /** Whether the last of them may come any number of times. */
  readonly isVariadic: boolean;
}

/** Places that are named alike everywhere mean the same; `id` are artifacts. */
const BY_NAME: Readonly<Record<string, Kind>> = {
  run: 'run',
  id: 'artifact',
  artifact: 'artifact',
  key: 'key',
  user: 'user',
  webhook: 'webhook',
  phase: { words: PHASES.map(({ name }) => name) },
  file: 'file',
  dir: 'file',
  recipe: 'file',
  path: 'file',
  model: 'file',
  delta: 'file',
};
/** And those that are not. */
const BY_PLACE: Readonly<Record<string, Kind>> = {
  'logs --phase': BY_NAME['phase']!,
  'runs --phase': BY_NAME['phase']!,
  'phases name': BY_NAME['phase']!,
  'phase name': BY_NAME['phase']!,
  'users add user': 'none',
  'login --user': 'none',
  'login --key': 'none',
};

/** A command, or those beneath it that do something. */
export function completedOf(command: Command, before = ''): Completed[] {
  const path = `${before}${command.name()}`;
  if (command.commands.length > 0) return command.commands.flatMap((each) => completedOf(each, `${path} `));
  const options = command.options.filter(({ hidden, long }) => !hidden && long);
  const taking = options.filter(({ required, optional }) => required || optional);
  return [
    {
      path,
      meaning: command.description(),
      flags: [...options.map(({ long }) => long!), '--help'],
      values: new Map(
        taking.map(({ long, flags, argChoices }) => [long!, kindOf(`${path} ${long}`, nameIn(flags), argChoices)]),
      ),
      positions: command.registeredArguments.map((each) =>
        kindOf(`${path} ${each.name()}`, each.name(), each.argChoices),
      ),
      isVariadic: command.registeredArguments.at(-1)?.variadic ?? false,
    },
  ];
}

function kindOf(place: string, name: string, choices: readonly string[] | undefined): Kind {
  return choices ? { words: choices } : (BY_PLACE[place] ?? BY_NAME[name] ?? 'none');
}

function nameIn(flags: string): string {
  return /[<[]([^>\].]+)/.exec(flags)?.[1] ?? '';
}
