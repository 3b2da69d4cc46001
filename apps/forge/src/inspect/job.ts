import { stat } from 'node:fs/promises';
import { ForgeError } from '@agent-forge/contracts';
import {
  type LlamaConfig,
  type StoredTensor,
  type WeightTensor,
  auditValues,
  openModelFolder,
  openSafetensors,
} from '@agent-forge/model';
import type { WorkerFunction } from '@agent-forge/tensor';

/** A folder or a safetensors file. */
export interface InspectJob {
  readonly path: string;
}

export interface TensorSummary {
  readonly name: string;
  readonly dtype: string;
  readonly shape: readonly number[];
  readonly sizeBytes: number;
}

export interface InspectSummary {
  readonly path: string;
  /** Null for a file. */
  readonly config: LlamaConfig | null;
  readonly tokenizer: { readonly vocabSize: number; readonly specialTokens: readonly string[] } | null;
  readonly parameters: number;
  /** Of all tensors as they are stored. */
  readonly sizeBytes: number;
  readonly tensors: readonly TensorSummary[];
  /** What is wrong with values: NaN, infinities, all-zero tensors. Structure that is wrong is an error instead. */
  readonly findings: readonly string[];
}

/** Element types whose values can be audited. */
const AUDITED: readonly string[] = ['F32', 'F16', 'BF16'];

/** `forge inspect`, in a worker thread, one tensor in memory at a time. Progress is the share of tensors that are read. */
export const run: WorkerFunction<InspectJob, InspectSummary, number> = async ({ path }, { progress, signal }) => {
  const found = await stat(path).catch((error: unknown) => {
    throw new ForgeError('FILE_NOT_FOUND', `${path} does not exist or cannot be read`, error);
  });
  const { config, tokenizer, stored, read } = found.isDirectory() ? await openModelFolder(path) : await openFile(path);
  const findings: string[] = [];
  let done = 0;
  for (const [name, { dtype }] of stored) {
    if (signal.aborted) throw new ForgeError('CANCELLED', 'stopped');
    if (AUDITED.includes(dtype)) findings.push(...auditValues(name, await read(name)).map((f) => f.message));
    progress(++done / stored.size);
  }
  const tensors = [...stored].map(([name, { dtype, shape, sizeBytes }]) => ({ name, dtype, shape, sizeBytes }));
  return {
    path,
    config,
    tokenizer: tokenizer && { vocabSize: tokenizer.vocabSize, specialTokens: tokenizer.specialTokens },
    parameters: tensors.reduce((sum, { shape }) => sum + shape.reduce((a, b) => a * b, 1), 0),
    sizeBytes: tensors.reduce((sum, t) => sum + t.sizeBytes, 0),
    tensors,
    findings,
  };
};

interface OpenedFile {
  readonly config: null;
  readonly tokenizer: null;
  readonly stored: ReadonlyMap<string, StoredTensor>;
  read(name: string): Promise<WeightTensor>;
}

async function openFile(path: string): Promise<OpenedFile> {
  const source = await openSafetensors(path);
  return { config: null, tokenizer: null, stored: source.tensors, read: (name) => source.read(name) };
}
