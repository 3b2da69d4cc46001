import { Command, Option } from 'commander';
import type { RunView } from '@agent-forge/contracts';
import { getRun, listRuns, type RunFilter } from '@agent-forge/sdk';
import { integerOption } from '../options.js';
import { describeRun, describeRuns } from '../runs/describe-run.js';
import { connectClient, withClientOptions, type ClientOptions } from '../system/client.js';

/** The states of a run. */
const STATES = ['running', 'paused', 'completed', 'failed', 'cancelled'] as const;

const HELP = `
Examples:
  forge runs
  forge runs --status failed --phase cognate
  forge runs 01m83vgeqcs4pmhnmv2mr4r1wq
  forge runs --json | jq '.runs[] | select(.status == "failed")'`;

interface Options extends ClientOptions {
  readonly limit: number;
  readonly status?: NonNullable<RunFilter['status']>;
  readonly name?: string;
  readonly phase?: string;
  readonly json?: true;
}

/** `forge runs` */
export function runsCommand(): Command {
  return withClientOptions(
    new Command('runs')
      .description('the runs of a running system, newest first, or one of them')
      .argument('[run]', 'the run to show')
      .option('--limit <n>', 'runs in the list at most', integerOption(1), 20)
      .addOption(new Option('--status <status>', 'only those in this state').choices(STATES))
      .option('--name <text>', 'only those with this in their name')
      .option('--phase <name>', 'only those with this phase')
      .option('--json', 'print JSON on stdout'),
  )
    .addHelpText('after', HELP)
    .action(show);
}

async function show(id: string | undefined, { limit, status, name, phase, json, ...options }: Options): Promise<void> {
  const connection = await connectClient(options);
  if (id !== undefined) {
    const run = await getRun(connection, id);
    process.stdout.write(json ? `${JSON.stringify(run)}\n` : describeRun(run));
    return;
  }
  const runs: RunView[] = [];
  const filter = { ...(status && { status }), ...(name && { name }), ...(phase && { phase }) };
  for await (const run of listRuns(connection, undefined, filter)) {
    runs.push(run);
    if (runs.length === limit) break;
  }
  process.stdout.write(
    json
      ? `${JSON.stringify({ runs })}\n`
      : runs.length === 0 && Object.keys(filter).length > 0
        ? 'there are no such runs\n'
        : describeRuns(runs),
  );
}
