import { resolve } from 'node:path';
import { Command, Option } from 'commander';
import { runInWorker } from '@agent-forge/tensor';
import type { ExportJob, ExportSummary } from '../export/job.js';
import { withClientOptions, type ClientOptions } from '../system/client.js';
import { withInterruption } from '../system/interruption.js';
import { withModelFolder } from '../system/model-folder.js';
import { columns, size } from '../terminal/columns.js';

/** Known without the engine, which takes a second to load. */
const FORMATS = ['gguf', 'onnx', 'hf', 'safetensors'];

const HELP = `
Formats: gguf is one file for llama.cpp (F16, F32, Q8_0, Q4_0, and of a ternary model TQ2_0, TQ1_0), onnx a folder for onnxruntime and transformers.js
(fp32, q4, q2), hf a folder for transformers (plain, or packed: four ternary weights in a byte), safetensors all weights in floating point. What is
written is read back, and its loss on seeded random tokens is told beside the model's.

Examples:
  forge export forge-data/models/01m83y4r2csn5bg9be0m35tvjn --format gguf --out exports/gguf
  forge export 4f0c2f… --format onnx --encoding q4 --out exports/onnx --json`;

interface Options extends ClientOptions {
  readonly format: string;
  readonly encoding?: string;
  readonly out: string;
  readonly json?: true;
}

/** `forge export` */
export function exportCommand(): Command {
  const command = new Command('export')
    .description('write a model in a form that other programs read')
    .argument('<artifact>', 'a model folder, or the id of one that a running system has')
    .addOption(new Option('--format <name>', 'the form').choices(FORMATS).makeOptionMandatory())
    .option('--encoding <name>', 'how weights are held (default: what fits the model best)')
    .requiredOption('--out <dir>', 'folder of the export; it must not exist')
    .option('--json', 'print one JSON object on stdout')
    .addHelpText('after', HELP)
    .action(exportModel);
  return withClientOptions(command);
}

async function exportModel(artifact: string, { json, out, format, encoding, ...client }: Options): Promise<void> {
  const worker = new URL('../export/job.js', import.meta.url);
  const summary = await withModelFolder(artifact, client, (dir) =>
    withInterruption((signal) => {
      const job = { format, ...(encoding === undefined ? {} : { encoding }), dir, out: resolve(out) };
      return runInWorker<ExportJob, ExportSummary, never>(worker, job, { signal, onProgress: () => undefined });
    }),
  );
  process.stdout.write(json ? `${JSON.stringify(summary)}\n` : told(summary));
}

function told({ out, format, encoding, files, sizeBytes, inputBytes, loss, exportLoss }: ExportSummary): string {
  const rows = files.map(({ name, sizeBytes: bytes }) => [`  ${name}`, size(bytes)]);
  const times = `${(inputBytes / sizeBytes).toFixed(1)} times smaller than the weights that were read`;
  const drift = `read back, its loss on random tokens is ${exportLoss.toFixed(4)}; the model's is ${loss.toFixed(4)}`;
  return `${out}  ${format} ${encoding}, ${size(sizeBytes)}, ${times}\n${columns(rows)}${drift}\n`;
}
