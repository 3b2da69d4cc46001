import { Command } from 'commander';
import { ForgeError, type RunView } from '@agent-forge/contracts';
import { assertSubmittable, checkRecipeFile, parseOverride } from '@agent-forge/recipe';
import type { Connection } from '@agent-forge/sdk';
import { listOption } from '../options.js';
import { describeRun } from '../runs/describe-run.js';
import { follow } from '../runs/follow.js';
import { submit } from '../runs/submit.js';
import { connectClient, withClientOptions, type ClientOptions } from '../system/client.js';
import { DEFAULT_DATA_DIR, isHere } from '../system/places.js';
import { withInterruption } from '../system/interruption.js';
import { ProgressBoard } from '../terminal/progress-board.js';

interface Options extends ClientOptions {
  readonly set: readonly string[];
  readonly watch?: true;
  readonly json?: true;
}

const HELP = `
The recipe is checked, what it names on this machine is uploaded, and the run is asked for; it works on by itself. With --watch, Ctrl-C ends the
watching, not the run. The format is in docs/guides/recipes.md.

Examples:
  forge run recipes/quickstart.yaml --watch
  forge run recipe.yaml --set data.book=my-book.txt --set cognate.maxSeconds=30 --json`;

/** `forge run` */
export function runCommand(): Command {
  return withClientOptions(
    new Command('run')
      .description('submit a recipe to a running system')
      .argument('<recipe>', 'YAML file')
      .option('--set <key=value>', 'another value, such as cognate.maxSeconds=30; as often as needed', listOption, [])
      .option('--watch', 'show the run, one line for each phase, until it has ended')
      .option('--json', 'print the run as JSON on stdout, and everything else on stderr'),
  )
    .addHelpText('after', HELP)
    .action(run);
}

async function run(path: string, { set, watch, json, ...client }: Options): Promise<void> {
  const board = new ProgressBoard(json ? process.stderr : process.stdout);
  const overrides = set.map(parseOverride);
  const connection = await connectClient(client);
  // Of other machines this one knows nothing.
  const elsewhere = !isHere(new URL(connection.url));
  const dataDir = client.dataDir ?? DEFAULT_DATA_DIR;
  const recipe = assertSubmittable(await checkRecipeFile(path, { overrides, dataDir, elsewhere }));
  const submitted = await withInterruption((signal) => submit(connection, recipe, board, signal));
  board.note(`run ${submitted.id}${watch ? '' : `; see it with: forge watch ${submitted.id}`}`);
  const view = watch ? await watchRun(connection, submitted.id, board) : submitted;
  if (json) process.stdout.write(`${JSON.stringify(view)}\n`);
  else if (watch) process.stdout.write(`\n${describeRun(view)}`);
  if (watch && view.status !== 'completed') throw new ForgeError('RUN_FAILED', `run ${view.id} is ${view.status}`);
}

/** Shows a run; whoever stops watching hears how to come back. */
async function watchRun(connection: Connection, id: string, board: ProgressBoard): Promise<RunView> {
  try {
    return await withInterruption((signal) => follow(connection, id, board, signal));
  } catch (thrown) {
    const error = ForgeError.from(thrown);
    if (error.code !== 'CANCELLED') throw error;
    throw new ForgeError(
      'CANCELLED',
      `stopped watching; the run goes on. See it with: forge watch ${id}; end it with: forge cancel ${id}`,
      error,
    );
  }
}
