import { Command } from 'commander';
import { ForgeError } from '@agent-forge/contracts';
import { describeRun } from '../runs/describe-run.js';
import { follow } from '../runs/follow.js';
import { connectClient, withClientOptions, type ClientOptions } from '../system/client.js';
import { withInterruption } from '../system/interruption.js';
import { ProgressBoard } from '../terminal/progress-board.js';

interface Options extends ClientOptions {
  readonly json?: true;
}

const HELP = `
Ctrl-C ends the watching, not the run. The exit code is 0 when the run completes and 1 when it does not.

Example:
  forge watch 01m83vgeqcs4pmhnmv2mr4r1wq`;

/** `forge watch` */
export function watchCommand(): Command {
  return withClientOptions(
    new Command('watch')
      .description('show a run, one line for each phase, until it has ended')
      .argument('<run>', 'the run, as forge runs lists it')
      .option('--json', 'print the run as JSON on stdout at the end, and everything else on stderr'),
  )
    .addHelpText('after', HELP)
    .action(watch);
}

async function watch(id: string, { json, ...options }: Options): Promise<void> {
  const connection = await connectClient(options);
  const board = new ProgressBoard(json ? process.stderr : process.stdout);
  const run = await withInterruption((signal) => follow(connection, id, board, signal));
  process.stdout.write(json ? `${JSON.stringify(run)}\n` : `\n${describeRun(run)}`);
  if (run.status !== 'completed') throw new ForgeError('RUN_FAILED', `run ${id} is ${run.status}`);
}
