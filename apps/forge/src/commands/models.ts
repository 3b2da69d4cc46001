import { uploadModel } from '@agent-forge/sdk';
import { Command } from 'commander';
import { connectClient, withClientOptions, type ClientOptions } from '../system/client.js';
import { withInterruption } from '../system/interruption.js';
import { size } from '../terminal/columns.js';

const HELP = `
Sent are config.json, generation_config.json, *.safetensors, tokenizer files and chat templates. The system reads and audits every weight
before it stores anything.

Examples:
  forge models upload models/emma`;

/** `forge models` */
export function modelsCommand(): Command {
  const upload = new Command('upload')
    .description('upload a Hugging Face model folder, for recipes to import')
    .argument('<dir>', 'the folder')
    .option('--json', 'print one JSON object on stdout')
    .addHelpText('after', HELP)
    .action(uploadFolder);
  return new Command('models').description('models of a running system').addCommand(withClientOptions(upload));
}

async function uploadFolder(dir: string, { json, ...client }: ClientOptions & { json?: true }): Promise<void> {
  const connection = await connectClient(client);
  const view = await withInterruption((signal) => uploadModel(connection, dir, { signal }));
  const { artifactId, parameters, sizeBytes, files } = view;
  const told = `${artifactId}  ${(parameters / 1e6).toFixed(2)} M parameters, ${files.length} files, ${size(sizeBytes)}`;
  process.stdout.write(`${json ? JSON.stringify(view) : told}\n`);
}
