import { Command } from 'commander';
import type { GarbageReport } from '../gc/collect-garbage.js';
import { numberOption } from '../options.js';

const HOUR_MS = 3_600_000;
const GRACE_HOURS = 24;

const HELP = `
Kept is what runs name: their data, imported models, what their phases made and where unfinished ones go on, and all that this was made
from. Kept besides is what is younger than the grace, or than the oldest phase at work. The system may run meanwhile.
With NATS_URL set, the log is read there, and FORGE_ARTIFACTS says which store it is.

Examples:
  forge gc --dry-run
  forge gc --data-dir forge-data --grace 1 --json`;

interface Options {
  dataDir: string;
  grace: number;
  dryRun?: true;
  force?: true;
  json?: true;
}

/** `forge gc` */
export function gcCommand(): Command {
  return new Command('gc')
    .description('remove the artifacts that no run needs')
    .option('--data-dir <dir>', 'where everything is kept', 'forge-data')
    .option('--grace <hours>', 'leave alone what was stored in the last hours', numberOption(0), GRACE_HOURS)
    .option('--dry-run', 'only tell what would be removed')
    .option('--force', 'also when the log holds no run, so that all old artifacts go')
    .option('--json', 'print one JSON object on stdout')
    .addHelpText('after', HELP)
    .action(gc);
}

async function gc({ dataDir, grace, dryRun, force, json }: Options): Promise<void> {
  const { collectGarbage } = await import('../gc/collect-garbage.js');
  const flags = { isDryRun: dryRun ?? false, isForced: force ?? false };
  const report = await collectGarbage({ dataDir, graceMs: grace * HOUR_MS, ...flags });
  process.stdout.write(json ? `${JSON.stringify(report)}\n` : forPeople(report));
}

function forPeople({ artifacts, files, sizeBytes, kept, before, dryRun }: GarbageReport): string {
  const verb = dryRun ? 'would remove' : 'removed';
  const lines = artifacts.map((id) => `${verb} artifact ${id}`);
  const total = `${verb} ${artifacts.length} artifacts and ${files} files, ${(sizeBytes / 1e6).toFixed(1)} MB`;
  return [...lines, `${total}; kept ${kept} artifacts, and all that was stored after ${before}`, ''].join('\n');
}
