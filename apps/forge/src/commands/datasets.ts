import { uploadDatasetFiles } from '@agent-forge/sdk';
import { Command } from 'commander';
import { connectClient, withClientOptions, type ClientOptions } from '../system/client.js';
import { withInterruption } from '../system/interruption.js';
import { size } from '../terminal/columns.js';

const HELP = `
Files are UTF-8 texts, or .jsonl with one record a line: {"text": …}, {"prompt": …, "completion": …} or {"messages": […]}.
Several files make one data set.

Examples:
  forge datasets upload book.txt
  forge datasets upload book.txt chats.jsonl --json`;

/** `forge datasets` */
export function datasetsCommand(): Command {
  const upload = new Command('upload')
    .description('upload data files, for recipes to name')
    .argument('<file...>', 'the files')
    .option('--json', 'print one JSON object on stdout')
    .addHelpText('after', HELP)
    .action(uploadFiles);
  return new Command('datasets').description('data sets of a running system').addCommand(withClientOptions(upload));
}

async function uploadFiles(paths: string[], { json, ...client }: ClientOptions & { json?: true }): Promise<void> {
  const connection = await connectClient(client);
  const view = await withInterruption((signal) => uploadDatasetFiles(connection, paths, { signal }));
  const told = `${view.artifactId}  ${view.files.length} file(s), ${size(view.sizeBytes)}`;
  process.stdout.write(`${json ? JSON.stringify(view) : told}\n`);
}
