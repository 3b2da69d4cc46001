import { Command } from 'commander';
import type { RunView } from '@agent-forge/contracts';
import { getRun, listRuns } from '@agent-forge/sdk';
import { integerOption } from '../options.js';
import { describeRun, describeRuns } from '../runs/describe-run.js';
import { connectClient, withClientOptions, type ClientOptions } from '../system/client.js';

const HELP = `
Examples:
  forge runs
  forge runs 01m83vgeqcs4pmhnmv2mr4r1wq
  forge runs --json | jq '.runs[] | select(.status == "failed")'`;

interface Options extends ClientOptions {
  readonly limit: number;
  readonly json?: true;
}

/** `forge runs` */
export function runsCommand(): Command {
  return withClientOptions(
    new Command('runs')
      .description('the runs of a running system, newest first, or one of them')
      .argument('[run]', 'the run to show')
      .option('--limit <n>', 'runs in the list at most', integerOption(1), 20)
      .option('--json', 'print JSON on stdout'),
  )
    .addHelpText('after', HELP)
    .action(show);
}

async function show(id: string | undefined, { limit, json, ...options }: Options): Promise<void> {
  const connection = await connectClient(options);
  if (id !== undefined) {
    const run = await getRun(connection, id);
    process.stdout.write(json ? `${JSON.stringify(run)}\n` : describeRun(run));
    return;
  }
  const runs: RunView[] = [];
  for await (const run of listRuns(connection)) {
    runs.push(run);
    if (runs.length === limit) break;
  }
  process.stdout.write(json ? `${JSON.stringify({ runs })}\n` : describeRuns(runs));
}
