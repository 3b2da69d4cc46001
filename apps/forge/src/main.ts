import { ForgeError } from '@agent-forge/contracts';
import { Command, CommanderError } from 'commander';
import { COMMANDS } from './commands/index.js';

/** What a shell reports for a program that SIGINT ended: 128 and the number of the signal. */
const EXIT_CANCELLED = 130;

/**
 * Runs one command line and sets the exit code: 0 only on success. Errors are one line on standard error.
 * @param args what stands behind `forge`
 */
export async function main(args: readonly string[]): Promise<void> {
  const output = watchOutput();
  try {
    await (await programFor(args[0])).parseAsync(args, { from: 'user' });
  } catch (thrown) {
    process.exitCode = output.closed ? 0 : report(thrown);
  }
}

/**
 * Nobody has to read to the end: when the reader of standard output is gone (`| head`), the work stops as by Ctrl-C and the command ends
 * quietly. Output that cannot be written for another reason is an error of one line.
 */
function watchOutput(): { closed: boolean } {
  const state = { closed: false };
  process.stdout.on('error', (error: NodeJS.ErrnoException) => {
    if (state.closed) return;
    state.closed = error.code === 'EPIPE';
    if (!state.closed)
      process.exitCode = report(
        new ForgeError('STORE_UNAVAILABLE', `standard output cannot be written: ${error.message}`),
      );
    process.emit('SIGINT');
  });
  process.stderr.on('error', () => undefined);
  return state;
}

/** The program with the named command alone, so that it starts fast, or with all of them where help or a complaint needs them. */
async function programFor(name: string | undefined): Promise<Command> {
  const program = new Command('forge').description(
    'Turns training data and parent models into one small, finished agent model.',
  );
  const named = name === undefined || !Object.hasOwn(COMMANDS, name) ? undefined : COMMANDS[name];
  for (const command of named ? [named] : Object.values(COMMANDS)) program.addCommand(await command());
  for (const each of [program, ...program.commands]) each.exitOverride().showHelpAfterError('(see --help)');
  return program;
}

function report(thrown: unknown): number {
  if (thrown instanceof CommanderError) return thrown.exitCode;
  const { code, message } = ForgeError.from(thrown);
  process.stderr.write(`forge: ${message} (${code})\n`);
  return code === 'CANCELLED' ? EXIT_CANCELLED : 1;
}
