import { resolve } from 'node:path';
import {
  MAX_THREADS,
  type MergePlan,
  type MergeProgress,
  planMerge,
  readMergeRecipe,
  writeMerge,
} from '@agent-forge/merge';
import { Command } from 'commander';
import { integerOption, sizeOption } from '../options.js';
import { withInterruption } from '../system/interruption.js';
import { ProgressLine, bar } from '../terminal/progress-line.js';

interface Options {
  readonly out: string;
  readonly threads?: number;
  readonly shardSize?: number;
  readonly json?: true;
}

/** What `--json` prints. */
export interface MergeSummary {
  readonly out: string;
  readonly method: string;
  readonly parameters: number;
  readonly tensors: number;
  readonly seconds: number;
  /** What is odd but allowed. */
  readonly notes: readonly string[];
}

const HELP = `
The recipe is mergekit's YAML; models are local folders, relative to the recipe. Everything is checked before any work:
models that do not fit together give a report of all that differs. One tensor is merged at a time, so models may be larger
than memory. The folder appears when all of it is there; its tensors depend neither on threads nor on shards.

Examples:
  forge merge merge.yaml --out merged
  forge merge merge.yaml --out merged --threads 2 --shard-size 2GB --json

A recipe:
  merge_method: ties
  base_model: models/base
  models:
    - model: models/math
      parameters: { weight: 0.5, density: 0.5 }
    - model: models/code
      parameters: { weight: 0.5, density: 0.5 }
  dtype: bfloat16`;

export function mergeCommand(): Command {
  return new Command('merge')
    .description('merge model folders as a mergekit recipe says')
    .argument('<recipe>', 'YAML file')
    .requiredOption('--out <dir>', 'folder of the result; it must not exist, or be empty')
    .option('--threads <n>', 'threads to compute with (default: one for each processor)', integerOption(1, MAX_THREADS))
    .option(
      '--shard-size <size>',
      'split weights into files of at most this, for example 500MB (default 5GB)',
      sizeOption,
    )
    .option('--json', 'print one JSON object on stdout')
    .addHelpText('after', HELP)
    .action(merge);
}

async function merge(path: string, { out, threads, shardSize, json }: Options): Promise<void> {
  const start = performance.now();
  const line = new ProgressLine(process.stderr);
  const plan = await withInterruption((signal) =>
    mergeTo(path, resolve(out), line, { signal, threads, shardSize }),
  ).finally(() => line.end());
  const summary = summaryOf(plan, resolve(out), (performance.now() - start) / 1000);
  process.stdout.write(json ? `${JSON.stringify(summary)}\n` : forPeople(summary));
}

interface Settings {
  readonly signal: AbortSignal;
  readonly threads: number | undefined;
  readonly shardSize: number | undefined;
}

async function mergeTo(path: string, out: string, line: ProgressLine, settings: Settings): Promise<MergePlan> {
  const { signal, threads, shardSize } = settings;
  const recipe = await readMergeRecipe(path);
  const plan = await planMerge(recipe);
  for (const note of plan.notes) line.note(`note: ${note}`);
  const show = ({ done, total, tensor }: MergeProgress): void =>
    line.update(`${bar(done / total)} ${done} of ${total} tensors  ${tensor}`, done === total);
  show({ done: 0, total: plan.work.tensors.length, tensor: '' });
  await writeMerge(recipe, plan, out, {
    signal,
    onProgress: show,
    ...(threads !== undefined && { threads }),
    ...(shardSize !== undefined && { maxShardBytes: shardSize }),
  });
  return plan;
}

function summaryOf({ work, notes }: MergePlan, out: string, seconds: number): MergeSummary {
  const parameters = work.tensors.reduce((sum, { shape }) => sum + shape.reduce((a, b) => a * b, 1), 0);
  return { out, method: work.method, parameters, tensors: work.tensors.length, seconds, notes };
}

function forPeople({ out, method, parameters, tensors, seconds }: MergeSummary): string {
  return `${(parameters / 1e6).toFixed(2)} M parameters in ${tensors} tensors merged (${method}) in ${seconds.toFixed(1)} s: ${out}\n`;
}
