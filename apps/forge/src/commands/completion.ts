import { Argument, Command, Option } from 'commander';
import { ForgeError } from '@agent-forge/contracts';
import { bashScript, zshScript } from '../completion/bash.js';
import { ASKED, completedOf, type Asked, type Completed } from '../completion/completed.js';
import { fishScript } from '../completion/fish.js';
import { valuesOf } from '../completion/values.js';

const SHELLS = ['bash', 'zsh', 'fish'] as const;
type Shell = (typeof SHELLS)[number];

const HELP = `
Commands, options, phases and other fixed values are completed by the script alone; runs, artifacts, keys, users and webhooks are asked of the system
that you are logged in at, or that runs here.

Examples:
  eval "$(forge completion bash)"                                (in ~/.bashrc)
  eval "$(forge completion zsh)"                                 (in ~/.zshrc)
  forge completion fish > ~/.config/fish/completions/forge.fish`;

/** `forge completion` */
export function completionCommand(): Command {
  return new Command('completion')
    .description('print a script with which a shell completes commands, options and values')
    .addArgument(new Argument('[shell]', 'whose script').choices(SHELLS))
    .addOption(new Option('--values <kind>', 'what such a script asks').choices(ASKED).hideHelp())
    .addHelpText('after', HELP)
    .action(completion);
}

async function completion(shell: Shell | undefined, { values }: { values?: Asked }): Promise<void> {
  if (values !== undefined) {
    process.stdout.write((await valuesOf(values)).map((value) => `${value}\n`).join(''));
    // A system that has not answered in time is not waited for.
    process.exit();
  }
  if (shell === undefined) throw new ForgeError('INVALID_ARGUMENT', `name a shell: ${SHELLS.join(', ')}`);
  process.stdout.write(await scriptOf(shell));
}

async function scriptOf(shell: Shell): Promise<string> {
  // The list of commands has this one in it.
  const { COMMANDS } = await import('./index.js');
  const commands: Completed[] = [];
  const meanings = new Map<string, string>();
  for (const [name, load] of Object.entries(COMMANDS)) {
    const command = await load();
    commands.push(...completedOf(command));
    meanings.set(name, command.description());
  }
  if (shell === 'fish') return fishScript(commands, meanings);
  return shell === 'zsh' ? zshScript(commands) : bashScript(commands);
}
