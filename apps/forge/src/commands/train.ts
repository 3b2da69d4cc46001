import { resolve } from 'node:path';
import { ForgeError } from '@agent-forge/contracts';
import { parseProvider, runInWorker } from '@agent-forge/tensor';
import { Command } from 'commander';
import { integerOption, numberOption } from '../options.js';
import { withInterruption } from '../system/interruption.js';
import { ProgressLine, bar, duration } from '../terminal/progress-line.js';
import type { TrainEvent, TrainJob, TrainSummary } from '../train/job.js';
import { readParams } from '../train/settings.js';
import { figure } from '../terminal/figure.js';

interface Options {
  readonly text?: string;
  readonly data?: string;
  readonly params?: string;
  readonly out: string;
  readonly maxSteps?: number;
  readonly maxSeconds?: number;
  readonly seed?: number;
  readonly threads?: number;
  readonly provider: string;
  readonly checkpointSeconds: number;
  readonly resume?: true;
  readonly json?: true;
}

const EXAMPLES = `
Examples:
  forge train --text recipes/data/emma.txt --out models/emma --max-seconds 60
  forge train --data pairs.jsonl --params train.yaml --out models/pairs --max-steps 500
  forge train --resume --out models/emma          (after Ctrl-C or a crash)

A parameter file is YAML or JSON; everything in it has a default:
  model: { hiddenSize: 256, intermediateSize: 512, numLayers: 2, numHeads: 4 }
  tokenizer: byte            # or { bpe: 2048 }
  batch: { rows: 16, length: 128, accumulation: 1 }
  optimizer: { name: muon, learningRate: 0.02, schedule: cosine, warmup: 0.05 }
  init: path/to/model        # go on from a model folder instead of random weights

The data is split by content: 80 % is trained on, 10 % is left for selection, and the figures at the end are
measured on the last 10 %, which training never saw.`;

export function trainCommand(): Command {
  return new Command('train')
    .description('train a model from a text or a data file into a Hugging Face folder')
    .option('--text <file>', 'plain text to train on')
    .option('--data <file>', 'JSONL with text, prompt/completion or messages')
    .option('--params <file>', 'parameters, YAML or JSON')
    .requiredOption('--out <dir>', 'folder to make; it appears when the training is complete')
    .option('--max-steps <n>', 'optimiser steps', integerOption(1))
    .option(
      '--max-seconds <s>',
      'time budget, turned into a step count by measuring the first steps (default 60)',
      numberOption(1),
    )
    .option('--seed <n>', 'seed of weights and batches (default 1)', integerOption(0))
    .option('--threads <n>', 'threads to compute with (default: all processors)', integerOption(1))
    .option('--provider <name>', 'cpu, webgpu or cuda', 'cpu')
    .option('--checkpoint-seconds <s>', 'how often the work is saved', numberOption(0), 20)
    .option('--resume', 'go on with an unfinished training of this --out, with all options as it was begun')
    .option('--json', 'print one JSON object on stdout')
    .addHelpText('after', EXAMPLES)
    .action(train);
}

async function train(options: Options): Promise<void> {
  const job = await jobOf(options);
  const line = new ProgressLine(process.stderr);
  const worker = new URL('../train/job.js', import.meta.url);
  const onProgress = (event: TrainEvent): void => show(line, event);
  try {
    const summary = await withInterruption((signal) =>
      runInWorker<TrainJob, TrainSummary, TrainEvent>(worker, job, { signal, onProgress }),
    );
    line.end();
    if (options.json) process.stdout.write(`${JSON.stringify(summary)}\n`);
    else print(summary);
  } catch (error) {
    line.end();
    if (ForgeError.from(error).code !== 'CANCELLED') throw error;
    throw new ForgeError('CANCELLED', `stopped; go on with: forge train --resume --out ${options.out}`, error);
  }
}

async function jobOf(options: Options): Promise<TrainJob> {
  if (options.text !== undefined && options.data !== undefined)
    throw new ForgeError('INVALID_ARGUMENT', 'give --text or --data, not both');
  if (!options.resume && options.text === undefined && options.data === undefined)
    throw new ForgeError('INVALID_ARGUMENT', 'give --text FILE or --data FILE to train on; see forge train --help');
  const fixed = (['params', 'seed', 'maxSteps', 'maxSeconds', 'threads'] as const).find(
    (name) => options[name] !== undefined,
  );
  if (options.resume && fixed !== undefined)
    throw new ForgeError(
      'INVALID_ARGUMENT',
      `--resume goes on with everything as it was begun; leave out the option for ${fixed}`,
    );
  if (options.maxSteps !== undefined && options.maxSeconds !== undefined)
    throw new ForgeError('INVALID_ARGUMENT', 'give --max-steps or --max-seconds, not both');
  return {
    text: options.text === undefined ? null : resolve(options.text),
    data: options.data === undefined ? null : resolve(options.data),
    out: resolve(options.out),
    params: await readParams(options.params),
    maxSteps: options.maxSteps ?? null,
    maxSeconds: options.maxSeconds ?? null,
    seed: options.seed ?? 1,
    threads: options.threads ?? null,
    provider: parseProvider(options.provider),
    checkpointSeconds: options.checkpointSeconds,
    resume: options.resume ?? false,
  };
}

function show(line: ProgressLine, event: TrainEvent): void {
  if (event.kind === 'note') return line.note(event.text);
  const { step, steps, loss, tokensPerSecond, secondsLeft } = event;
  const figures = `step ${step}/${steps}  loss ${figure(loss)}  ${Math.round(tokensPerSecond)} tokens/s  ${duration(secondsLeft)} left`;
  line.update(`${bar(step / steps)} ${figures}`, step === steps);
}

function print({ model, parameters, steps, tokens, seconds, trainLoss, report }: TrainSummary): void {
  const lines = [
    `trained ${(parameters / 1e6).toFixed(2)} M parameters for ${steps} steps (${tokens} tokens) in ${duration(seconds)}; training loss ${trainLoss.toFixed(3)}`,
    report
      ? `held out: ${report.bitsPerByte.toFixed(3)} bits per byte (loss ${report.loss.toFixed(3)}, perplexity ${report.perplexity.toFixed(2)})`
      : null,
    `model: ${model}`,
    `next:  forge generate ${model} "..."`,
  ];
  process.stdout.write(`${lines.filter((l) => l !== null).join('\n')}\n`);
}
