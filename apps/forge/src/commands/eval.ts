import { resolve } from 'node:path';
import { ForgeError } from '@agent-forge/contracts';
import { PARTS, type Part } from '@agent-forge/data';
import { parseProvider, runInWorker } from '@agent-forge/tensor';
import { Command, Option } from 'commander';
import type { EvalJob, EvalSummary } from '../eval/job.js';
import { integerOption } from '../options.js';
import { withInterruption } from '../system/interruption.js';
import { ProgressLine, bar } from '../terminal/progress-line.js';

interface Options {
  readonly text?: string;
  readonly data?: string;
  readonly part: Part | 'all';
  readonly contextLength?: number;
  readonly seed: number;
  readonly threads?: number;
  readonly provider: string;
  readonly json?: true;
}

const HELP = `
A text is cut into consecutive windows of --context-length tokens that do not overlap (by default as many as the model
has positions, at most 1024). The token after a window's last is its last target, so every token but the very first is
scored exactly once; <bos> stands first where the tokenizer itself puts it. loss is in nats per scored token,
bitsPerByte is all nats over ln 2 times the UTF-8 bytes.

On data, an answer is right when every token of it, and its end, is the model's likeliest: that is what greedy decoding
writes. The interval is a 95 % bootstrap interval of that share.

A file that the model was trained on splits by content: --part report takes the tenth that training never saw.

Examples:
  forge eval models/emma --text recipes/data/emma.txt --part report
  forge eval models/pairs --data pairs.jsonl --json`;

export function evalCommand(): Command {
  return new Command('eval')
    .description('measure a model: loss and bits per byte on a text, exact-match accuracy on prompts with answers')
    .argument('<dir>', 'Hugging Face model folder')
    .option('--text <file>', 'UTF-8 text')
    .option('--data <file>', 'JSONL with prompt/completion or messages')
    .addOption(new Option('--part <name>', 'part of the file to measure on').choices([...PARTS, 'all']).default('all'))
    .option('--context-length <n>', 'tokens of a window of text', integerOption(1))
    .option('--seed <n>', 'seed of the bootstrap', integerOption(0), 0)
    .option('--threads <n>', 'threads to compute with (default: all processors)', integerOption(1))
    .option('--provider <name>', 'cpu, webgpu or cuda', 'cpu')
    .option('--json', 'print one JSON object on stdout')
    .addHelpText('after', HELP)
    .action(evaluate);
}

async function evaluate(dir: string, options: Options): Promise<void> {
  const job = jobOf(dir, options);
  const line = new ProgressLine(process.stderr);
  const worker = new URL('../eval/job.js', import.meta.url);
  const onProgress = (share: number): void => line.update(`${bar(share)} ${Math.round(100 * share)} %`, share === 1);
  const summary = await withInterruption((signal) =>
    runInWorker<EvalJob, EvalSummary, number>(worker, job, { signal, onProgress }),
  ).finally(() => line.end());
  const { kind: _, ...figures } = summary;
  process.stdout.write(options.json ? `${JSON.stringify(figures)}\n` : forPeople(summary));
}

function jobOf(dir: string, options: Options): EvalJob {
  const { text, data, part, contextLength, seed, threads, provider } = options;
  const file = text ?? data;
  if (file === undefined || (text !== undefined && data !== undefined))
    throw new ForgeError('INVALID_ARGUMENT', 'give one of --text FILE and --data FILE; see forge eval --help');
  return {
    model: resolve(dir),
    kind: text === undefined ? 'data' : 'text',
    file: resolve(file),
    part,
    contextLength: contextLength ?? null,
    seed,
    threads: threads ?? null,
    provider: parseProvider(provider),
  };
}

function forPeople(summary: EvalSummary): string {
  const percent = (share: number): string => `${(100 * share).toFixed(1)} %`;
  const rows: [string, string][] =
    summary.kind === 'text'
      ? [
          ['loss', `${summary.loss.toFixed(4)} nats per token`],
          ['perplexity', summary.perplexity.toFixed(3)],
          ['bits per byte', summary.bitsPerByte.toFixed(4)],
          ['tokens', String(summary.tokens)],
          ['bytes', String(summary.bytes)],
        ]
      : [
          ['accuracy', `${percent(summary.accuracy)}  (95 % interval ${summary.interval.map(percent).join(' to ')})`],
          ['loss', `${summary.loss.toFixed(4)} nats per answer token`],
          ['items', String(summary.items)],
        ];
  return `${rows.map(([name, value]) => `${name.padEnd(14)}${value}`).join('\n')}\n`;
}
