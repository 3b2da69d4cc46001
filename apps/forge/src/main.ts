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
    process.exitCode = output.closed ? 0 : report(thrown, args[0]);
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

/** Whoever is not let in any more hears how to get in again, unless that is what was tried, or the environment says as whom. */
function hintFor({ code, message }: ForgeError, name: string | undefined): string {
  const { FORGE_API_KEY: key, FORGE_CLIENT_ID: client } = process.env;
  const isKnown = message.includes('forge login') || name === 'login' || key || client;
  return code === 'UNAUTHENTICATED' && !isKnown ? '; log in again: forge login' : '';
}

function report(thrown: unknown, name?: string): number {
  if (thrown instanceof CommanderError) return thrown.exitCode;
  const error = ForgeError.from(thrown);
  const { code, message } = error;
  process.stderr.write(`forge: ${message}${hintFor(error, name)} (${code})\n`);
  return code === 'CANCELLED' ? EXIT_CANCELLED : 1;
}
