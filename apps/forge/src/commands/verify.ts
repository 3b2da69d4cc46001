import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { Command } from 'commander';
import { FsArtifactStore } from '@agent-forge/artifacts-fs';
import { ForgeError } from '@agent-forge/contracts';
import { size } from '../terminal/columns.js';
import { verifyFolder, type VerifiedArtifact } from '../verify/verify-folder.js';

/** Digits of an id that tell artifacts of one lineage apart. */
const SHORT_ID = 12;

const HELP = `
A folder that forge download, forge demo or a run made has the manifests of all that it was made from beside it. Each manifest is named by its
own SHA-256, and names the SHA-256 of its files and of its parents: whoever changes a byte, a figure or a parent changes the id of the artifact.
Files of parents are hashed where they are in the store of --data-dir; of others the manifests alone.

Examples:
  forge verify forge-data/models/01m83y4r2csn5bg9be0m35tvjn
  forge verify models/champion --data-dir /srv/forge --json`;

interface Options {
  readonly dataDir: string;
  readonly json?: true;
}

/** `forge verify` */
export function verifyCommand(): Command {
  return new Command('verify')
    .description('prove that a folder is the artifact that it says, and walk its lineage')
    .argument('<dir>', 'the folder')
    .option('--data-dir <dir>', 'whose store may have what it was made from', 'forge-data')
    .option('--json', 'print one JSON object on stdout')
    .addHelpText('after', HELP)
    .action(verify);
}

async function verify(dir: string, { dataDir, json }: Options): Promise<void> {
  const root = join(dataDir, 'artifacts');
  const store = existsSync(root) ? await FsArtifactStore.open(root) : undefined;
  const artifacts: VerifiedArtifact[] = [];
  for await (const artifact of verifyFolder(dir, store)) {
    artifacts.push(artifact);
    if (!json) process.stdout.write(told(artifact));
  }
  const problems = artifacts.flatMap(({ id, problems: own }) => own.map((problem) => ({ id, problem })));
  if (json) process.stdout.write(`${JSON.stringify({ dir, valid: problems.length === 0, artifacts })}\n`);
  const [first] = problems;
  if (first)
    throw new ForgeError(
      'DIGEST_MISMATCH',
      `${dir} is not what its lineage says: ${first.problem}${problems.length > 1 ? ` (and ${problems.length - 1} more)` : ''}`,
    );
  const hashed = artifacts.filter(({ checked }) => checked === 'files').length;
  if (!json)
    process.stdout.write(
      `\n${dir} is artifact ${artifacts[0]!.id}\n${artifacts.length} manifests are right, and so are all files of ${hashed} of them\n`,
    );
}

function told({ id, kind, phase, files, sizeBytes, checked, problems }: VerifiedArtifact): string {
  const what = checked === 'files' ? `${files} file(s), ${size(sizeBytes)}` : 'manifest only';
  const state = problems.length === 0 ? 'ok   ' : 'WRONG';
  return `${state}  ${id.slice(0, SHORT_ID)}  ${phase.padEnd(11)} ${kind.padEnd(11)} ${what}${problems.map((each) => `\n       ${each}`).join('')}\n`;
}
