import { readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { Rng } from '@agent-forge/contracts';
import { readModelFolder, SequenceScorer, type LlamaConfig, type TokenScorer } from '@agent-forge/model';
import type { WorkerFunction } from '@agent-forge/tensor';
import { encodingOf, FORMATS } from './formats.js';

/** A model folder to write in another form. */
export interface ExportJob {
  readonly dir: string;
  readonly format: string;
  readonly encoding?: string;
  readonly out: string;
}

/** What was written, and how it compares with what was read. */
export interface ExportSummary {
  readonly out: string;
  readonly format: string;
  readonly encoding: string;
  readonly files: readonly { readonly name: string; readonly sizeBytes: number }[];
  readonly sizeBytes: number;
  /** Of the weights that were read. */
  readonly inputBytes: number;
  /** Nats per token on seeded random tokens: of the model, and of what was read back of the export. */
  readonly loss: number;
  readonly exportLoss: number;
}

/** Sequences of random tokens on which both are compared, and their length at most. */
const SEQUENCES = 8;
const LENGTH = 48;

export const run: WorkerFunction<ExportJob, ExportSummary, never> = async ({ dir, format, encoding: wanted, out }) => {
  const model = await readModelFolder(dir);
  const encoding = encodingOf(format, wanted, model);
  const { write, open } = FORMATS[format]!;
  await write(out, model, encoding);
  const sequences = randomSequences(model.config);
  const loss = await lossOf(await SequenceScorer.create(model, {}), sequences);
  const exportLoss = await lossOf(await open(out, model, encoding), sequences);
  const files = await filesOf(out);
  const sizeBytes = files.reduce((sum, file) => sum + file.sizeBytes, 0);
  const input = (await filesOf(dir)).filter(({ name }) => name.endsWith('.safetensors'));
  const inputBytes = input.reduce((sum, file) => sum + file.sizeBytes, 0);
  return { out, format, encoding, files, sizeBytes, inputBytes, loss, exportLoss };
};

function randomSequences({ vocabSize, maxPositionEmbeddings }: LlamaConfig): number[][] {
  const length = Math.min(LENGTH, maxPositionEmbeddings);
  const rng = Rng.derive(1, 'export');
  return Array.from({ length: SEQUENCES }, () => Array.from({ length }, () => rng.int(vocabSize)));
}

async function lossOf(
  scorer: TokenScorer & { release(): Promise<void> },
  sequences: readonly number[][],
): Promise<number> {
  try {
    const nats = (await scorer.score(sequences)).flatMap(({ nll }) => [...nll]);
    return nats.reduce((sum, each) => sum + each, 0) / nats.length;
  } finally {
    await scorer.release();
  }
}

async function filesOf(dir: string) {
  const names = await readdir(dir, { recursive: true });
  const found = await Promise.all(names.map(async (name) => ({ name, info: await stat(join(dir, name)) })));
  return found.filter(({ info }) => info.isFile()).map(({ name, info }) => ({ name, sizeBytes: info.size }));
}
