import { Argument, Command } from 'commander';

const SHELLS = ['bash', 'zsh', 'fish'] as const;
type Shell = (typeof SHELLS)[number];

const HELP = `
Examples:
  eval "$(forge completion bash)"                                (in ~/.bashrc)
  eval "$(forge completion zsh)"                                 (in ~/.zshrc)
  forge completion fish > ~/.config/fish/completions/forge.fish`;

/** A command as a shell completes it. */
interface Completed {
  readonly name: string;
  readonly meaning: string;
  /** Its own commands, and its options. */
  readonly words: readonly string[];
}

/** `forge completion` */
export function completionCommand(): Command {
  return new Command('completion')
    .description('print a script with which a shell completes commands and options')
    .addArgument(new Argument('<shell>', 'whose script').choices(SHELLS))
    .addHelpText('after', HELP)
    .action(completion);
}

async function completion(shell: Shell): Promise<void> {
  // The list of commands has this one in it.
  const { COMMANDS } = await import('./index.js');
  const commands: Completed[] = [];
  for (const load of Object.values(COMMANDS)) commands.push(completed(await load()));
  process.stdout.write(shell === 'fish' ? fish(commands) : posix(commands, shell));
}

function completed(command: Command): Completed {
  const options = (of: Command) => of.options.flatMap(({ long }) => long ?? []);
  const words = [
    ...command.commands.map((each) => each.name()),
    ...options(command),
    ...command.commands.flatMap(options),
    '--help',
  ];
  return { name: command.name(), meaning: command.description(), words: [...new Set(words)] };
}

function posix(commands: readonly Completed[], shell: Exclude<Shell, 'fish'>): string {
  const cases = commands.map(({ name, words }) => `    ${name}) words='${words.join(' ')}' ;;`);
  return `${shell === 'zsh' ? 'autoload -U +X bashcompinit && bashcompinit\n' : ''}_forge() {
  local words
  case "\${COMP_WORDS[1]}" in
${cases.join('\n')}
    *) words='' ;;
  esac
  [ "$COMP_CWORD" -eq 1 ] && words='${commands.map(({ name }) => name).join(' ')}'
  COMPREPLY=($(compgen -W "$words" -- "\${COMP_WORDS[COMP_CWORD]}"))
  [ \${#COMPREPLY[@]} -gt 0 ] || COMPREPLY=($(compgen -f -- "\${COMP_WORDS[COMP_CWORD]}"))
}
complete -F _forge forge ./forge
`;
}

function fish(commands: readonly Completed[]): string {
  const quoted = (text: string) => `'${text.replaceAll("'", "\\'")}'`;
  return commands
    .flatMap(({ name, meaning, words }) => [
      `complete -c forge -n __fish_use_subcommand -a ${name} -d ${quoted(meaning)}`,
      ...words.map((word) =>
        word.startsWith('--')
          ? `complete -c forge -n '__fish_seen_subcommand_from ${name}' -l ${word.slice(2)}`
          : `complete -c forge -n '__fish_seen_subcommand_from ${name}' -a ${word}`,
      ),
    ])
    .map((line) => `${line}\n`)
    .join('');
}
