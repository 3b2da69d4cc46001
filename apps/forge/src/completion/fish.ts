import type { Completed, Kind } from './completed.js';

/** The script for fish. */
export function fishScript(commands: readonly Completed[], meanings: ReadonlyMap<string, string>): string {
  const lines = [...meanings].map(
    ([name, meaning]) => `complete -c forge -n __fish_use_subcommand -a ${name} -d ${quoted(meaning)}`,
  );
  for (const { path, meaning, flags, values, positions } of commands) {
    const [name, verb] = path.split(' ');
    const place = verb
      ? `__fish_seen_subcommand_from ${name}; and __fish_seen_subcommand_from ${verb}`
      : `__fish_seen_subcommand_from ${name}`;
    if (verb) lines.push(`complete -c forge -n '__fish_seen_subcommand_from ${name}' -a ${verb} -d ${quoted(meaning)}`);
    for (const flag of flags) {
      const value = values.get(flag);
      const takes = value === undefined ? '' : ` -r${value === 'file' ? 'F' : `f -a ${quoted(words(value))}`}`;
      lines.push(`complete -c forge -n '${place}' -l ${flag.slice(2)}${takes}`);
    }
    for (const kind of positions)
      if (kind !== 'file' && kind !== 'none')
        lines.push(`complete -c forge -n '${place}' -f -a ${quoted(words(kind))}`);
  }
  return lines.map((line) => `${line}\n`).join('');
}

function words(kind: Kind): string {
  if (typeof kind === 'object') return kind.words.join(' ');
  return kind === 'file' || kind === 'none' ? '' : `(forge completion --values ${kind} 2>/dev/null)`;
}

function quoted(text: string): string {
  return `'${text.replaceAll("'", String.raw`\'`)}'`;
}
