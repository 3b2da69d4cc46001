import { ForgeError } from '@agent-forge/contracts';
import { type DataSet, DialogueEncoder, type Part, blocksOf, examplesOf, readDataSet } from '@agent-forge/data';
import {
  type Accuracy,
  type TextEvaluation,
  evaluateItems,
  evaluateText,
  readModelFolder,
  answerFormOf,
} from '@agent-forge/model';
import type { Provider, WorkerFunction } from '@agent-forge/tensor';

/** What `forge eval` was asked for. */
export interface EvalJob {
  readonly model: string;
  readonly kind: 'text' | 'data';
  readonly file: string;
  /** One part of the file's split, or all of the file. */
  readonly part: Part | 'all';
  readonly contextLength: number | null;
  readonly seed: number;
  readonly threads: number | null;
  readonly provider: Provider;
}

/** The figures of a text. */
export type TextSummary = TextEvaluation;

/** The figures of prompts with answers. */
export interface DataSummary extends Omit<Accuracy, 'low' | 'high'> {
  /** 95 % bootstrap interval of the accuracy. */
  readonly interval: readonly [number, number];
}

export type EvalSummary =
  ({ readonly kind: 'text' } & Omit<TextSummary, 'texts'>) | ({ readonly kind: 'data' } & DataSummary);

/** `forge eval`, in a worker thread. Progress is the share that is done. */
export const run: WorkerFunction<EvalJob, EvalSummary, number> = async (job, { progress, signal }) => {
  const data = await readDataSet(job.file);
  const model = await readModelFolder(job.model);
  const options = {
    provider: job.provider,
    ...(job.threads === null ? {} : { threads: job.threads }),
    signal,
    onProgress: progress,
  };
  if (job.kind === 'text') {
    const window = job.contextLength === null ? {} : { contextLength: job.contextLength };
    const { texts: _, ...all } = await evaluateText(model, textsOf(data, job), { ...options, ...window });
    return { kind: 'text', ...all };
  }
  if (!model.tokenizer) throw new ForgeError('TOKENIZER_INVALID', `${job.model} has no tokenizer.json`);
  const examples = job.part === 'all' ? data.examples : examplesOf(data, job.part);
  if (examples.length === 0) throw nothingThere(job, 'prompts with answers');
  const encoder = new DialogueEncoder(model.tokenizer, answerFormOf(model.config));
  const { items, accuracy, low, high, loss } = await evaluateItems(model, examples, encoder, {
    ...options,
    seed: job.seed,
  });
  return { kind: 'data', items, accuracy, interval: [low, high], loss };
};

/** The whole text as one, or the blocks of one part, which do not touch each other. */
function textsOf(data: DataSet, job: EvalJob): string[] {
  const blocks = job.part === 'all' ? data.blocks : blocksOf(data, job.part);
  if (blocks.length === 0) throw nothingThere(job, 'running text');
  const texts = blocks.map((block) => block.text);
  return job.part === 'all' ? [texts.join('')] : texts;
}

function nothingThere({ file, part, kind }: EvalJob, what: string): ForgeError {
  const where = part === 'all' ? file : `the ${part} part of ${file}`;
  const other = kind === 'text' ? '--data' : '--text';
  return new ForgeError('DATA_INVALID', `${where} has no ${what}; for the other kind of data give ${other}`);
}
