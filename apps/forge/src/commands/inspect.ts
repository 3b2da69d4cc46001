import { resolve } from 'node:path';
import { ForgeError } from '@agent-forge/contracts';
import { runInWorker } from '@agent-forge/tensor';
import { Command } from 'commander';
import type { InspectJob, InspectSummary, TensorSummary } from '../inspect/job.js';
import { withInterruption } from '../system/interruption.js';
import { size } from '../terminal/columns.js';
import { ProgressLine, bar } from '../terminal/progress-line.js';

const HELP = `
Every value is read, one tensor at a time. The exit code is 1 when the audit finds something: NaN, infinite values,
tensors that are all zero, missing or misshapen ones.

Examples:
  forge inspect models/emma
  forge inspect models/emma/model.safetensors --json`;

export function inspectCommand(): Command {
  return new Command('inspect')
    .description('show what a model folder or a safetensors file holds, and audit it')
    .argument('<path>', 'Hugging Face model folder, or a safetensors file')
    .option('--json', 'print one JSON object on stdout')
    .addHelpText('after', HELP)
    .action(inspect);
}

async function inspect(path: string, { json }: { json?: true }): Promise<void> {
  const line = new ProgressLine(process.stderr);
  const worker = new URL('../inspect/job.js', import.meta.url);
  const onProgress = (share: number): void => line.update(`${bar(share)} audit`, share === 1);
  const summary = await withInterruption((signal) =>
    runInWorker<InspectJob, InspectSummary, number>(worker, { path: resolve(path) }, { signal, onProgress }),
  ).finally(() => line.end());
  process.stdout.write(json ? `${JSON.stringify(summary)}\n` : forPeople(summary));
  const [first, ...more] = summary.findings;
  if (first === undefined) return;
  throw new ForgeError('AUDIT_FAILED', `${path}: ${first}${more.length > 0 ? ` (and ${more.length} more)` : ''}`);
}

function forPeople({ config, tokenizer, parameters, sizeBytes, tensors, findings }: InspectSummary): string {
  const total = `${(parameters / 1e6).toFixed(2)} M parameters in ${tensors.length} tensors, ${size(sizeBytes)}`;
  const lines = [
    total,
    '',
    ...(config ? settings(config) : []),
    ...(tokenizer
      ? [['tokenizer', `${tokenizer.vocabSize} tokens, special ${tokenizer.specialTokens.join(' ')}`]]
      : []
    ).map(row),
    ...(config ? [''] : []),
    ...rows(tensors),
    '',
    findings.length === 0 ? 'audit: nothing wrong' : `audit:\n${findings.map((f) => `  ${f}`).join('\n')}`,
  ];
  return `${lines.join('\n')}\n`;
}

function settings(config: object): string[] {
  return Object.entries(config).map(([name, value]) =>
    row([name, typeof value === 'string' ? value : JSON.stringify(value)]),
  );
}

function row([name, value]: readonly string[]): string {
  return `${name!.padEnd(24)}${value}`;
}

function rows(tensors: readonly TensorSummary[]): string[] {
  const cells = tensors.map(({ name, dtype, shape, sizeBytes }) => [
    name,
    dtype,
    `[${shape.join(', ')}]`,
    size(sizeBytes),
  ]);
  const widths = [0, 1, 2, 3].map((c) => Math.max(0, ...cells.map((line) => line[c]!.length)));
  return cells.map((line) =>
    line.map((cell, c) => (c === 3 ? cell.padStart(widths[c]!) : cell.padEnd(widths[c]!))).join('  '),
  );
}
