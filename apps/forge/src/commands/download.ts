import { downloadArtifact } from '@agent-forge/sdk';
import { Command } from 'commander';
import { connectClient, withClientOptions, type ClientOptions } from '../system/client.js';
import { withInterruption } from '../system/interruption.js';
import { size } from '../terminal/columns.js';

const HELP = `
Examples:
  forge download 4f0c2f… --out models/champion
  forge download 4f0c2f… --out models/champion --json`;

interface Options extends ClientOptions {
  readonly out: string;
  readonly json?: true;
}

/** `forge download` */
export function downloadCommand(): Command {
  const command = new Command('download')
    .description('download an artifact into a new folder, verified')
    .argument('<id>', 'the artifact')
    .requiredOption('--out <dir>', 'the folder, which must not exist yet')
    .option('--json', 'print one JSON object on stdout')
    .addHelpText('after', HELP)
    .action(download);
  return withClientOptions(command);
}

async function download(id: string, { out, json, ...client }: Options): Promise<void> {
  const connection = await connectClient(client);
  const { kind, files } = await withInterruption((signal) => downloadArtifact(connection, id, out, signal));
  const sizeBytes = files.reduce((sum, file) => sum + file.sizeBytes, 0);
  if (json) process.stdout.write(`${JSON.stringify({ out, kind, files, sizeBytes })}\n`);
  else process.stdout.write(`${out}  ${kind}, ${files.length} file(s), ${size(sizeBytes)}\n`);
}
