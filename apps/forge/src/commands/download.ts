import { downloadArtifact } from '@agent-forge/sdk';
import { Command } from 'commander';
import { connectClient, withClientOptions, type ClientOptions } from '../system/client.js';
import { withInterruption } from '../system/interruption.js';
import { size } from '../terminal/columns.js';

/** `forge download` */
export function downloadCommand(): Command {
  const command = new Command('download')
    .description('download an artifact into a new folder, verified')
    .argument('<id>', 'the artifact')
    .requiredOption('--out <dir>', 'the folder, which must not exist yet')
    .action(download);
  return withClientOptions(command);
}

async function download(id: string, { out, ...client }: ClientOptions & { out: string }): Promise<void> {
  const connection = await connectClient(client);
  const { kind, files } = await withInterruption((signal) => downloadArtifact(connection, id, out, signal));
  const sizeBytes = files.reduce((sum, file) => sum + file.sizeBytes, 0);
  process.stdout.write(`${out}  ${kind}, ${files.length} file(s), ${size(sizeBytes)}\n`);
}
