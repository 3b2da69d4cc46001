import { rm, stat } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { ForgeError } from '@agent-forge/contracts';
import {
  type DataSet,
  TaskMix,
  TextWindows,
  blocksOf,
  exampleSource,
  readDataSet,
  requireAllParts,
} from '@agent-forge/data';
import {
  type BatchSource,
  type LlamaConfig,
  type Model,
  type TrainProgress,
  type TrainState,
  byteTokenizer,
  ensureFolder,
  evaluateText,
  initWeights,
  parseConfig,
  readCheckpoint,
  readModelFolder,
  trainBpe,
  trainLanguageModel,
  writeCheckpoint,
  writeModelFolder,
} from '@agent-forge/model';
import type { Provider, WorkerFunction } from '@agent-forge/tensor';
import { DEFAULT_BATCH, DEFAULT_OPTIMIZER, DEFAULT_SECONDS, type TrainParams, defaultShape } from './settings.js';

/** What `forge train` was asked for. */
export interface TrainJob {
  readonly text: string | null;
  readonly data: string | null;
  readonly out: string;
  readonly params: TrainParams;
  readonly maxSteps: number | null;
  readonly maxSeconds: number | null;
  readonly seed: number;
  readonly threads: number | null;
  readonly provider: Provider;
  /** At most about this much work is lost by a crash. */
  readonly checkpointSeconds: number;
  readonly resume: boolean;
}

/** Everything that decides the bytes of the result; kept in every checkpoint and beside the finished model. */
interface Settings extends Omit<TrainJob, 'resume' | 'out' | 'checkpointSeconds'> {
  readonly dataSha256: string;
}

export interface TrainSummary {
  readonly model: string;
  readonly parameters: number;
  readonly steps: number;
  readonly tokens: number;
  readonly seconds: number;
  /** Training loss of the last tenth of the steps, nats per token. */
  readonly trainLoss: number;
  /** Measured on the report part, which training never saw; null where the data has no running text. */
  readonly report: { loss: number; perplexity: number; bitsPerByte: number; tokens: number; bytes: number } | null;
}

export type TrainEvent = { kind: 'note'; text: string } | ({ kind: 'progress' } & TrainProgress);

/** The folder beside the output in which an unfinished training keeps its checkpoint. */
export function workFolder(out: string): string {
  return `${out}.training`;
}

/**
 * Trains a model from a text or a data file into a Hugging Face folder. The folder appears when it is complete; until then
 * a checkpoint beside it holds the work.
 * @throws ForgeError `FILE_EXISTS`, `CHECKPOINT_INVALID`, `DATA_INVALID`, `CANCELLED`, `DIVERGED` and those of its parts
 */
export const run: WorkerFunction<TrainJob, TrainSummary, TrainEvent> = async (asked, { progress: emit, signal }) => {
  const work = workFolder(asked.out);
  const checkpoint = join(work, 'checkpoint.safetensors');
  await checkTargets(asked, work);
  const resumed = asked.resume ? await resume(checkpoint, asked) : null;
  const job = resumed ? { ...asked, ...resumed.settings } : asked;
  const data = await readDataSet((job.text ?? job.data)!);
  requireAllParts(data);
  if (resumed && data.sha256 !== resumed.settings.dataSha256)
    throw new ForgeError('CHECKPOINT_INVALID', `${data.path} has changed since the checkpoint was written`);
  const model = await startModel(job, data, resumed?.state ?? null);
  const { resume: _resume, out: _out, checkpointSeconds, ...rest } = job;
  const settings: Settings = { ...rest, dataSha256: data.sha256 };
  await ensureFolder(work);
  emit({ kind: 'note', text: describe(model, data, resumed?.state ?? null) });
  const result = await trainLanguageModel({
    model,
    source: batchSource(job, data, model),
    optimizer: { ...DEFAULT_OPTIMIZER, ...job.params.optimizer },
    accumulation: { ...DEFAULT_BATCH, ...job.params.batch }.accumulation,
    ...(job.maxSteps === null ? { maxSeconds: job.maxSeconds ?? DEFAULT_SECONDS } : { steps: job.maxSteps }),
    ...(job.threads === null ? {} : { threads: job.threads }),
    provider: job.provider,
    ...(resumed ? { resume: resumed.state } : {}),
    signal,
    onProgress: (p) => emit({ kind: 'progress', ...p }),
    checkpointSeconds,
    onCheckpoint: (state) => writeCheckpoint(checkpoint, state, settings),
  });
  const report = await held(result.model, data, job);
  await writeModelFolder(asked.out, result.model, {
    dtype: 'F32',
    extraFiles: {
      'training.json': { ...settings, text: nameOf(job.text), data: nameOf(job.data), steps: result.steps, report },
    },
  });
  await rm(work, { recursive: true, force: true });
  const parameters = [...result.model.weights.values()].reduce((n, t) => n + t.data.length, 0);
  const { steps, tokens, seconds, finalLoss: trainLoss } = result;
  return { model: asked.out, parameters, steps, tokens, seconds, trainLoss, report };
};

/** Where the data lay is nobody's business; its digest is what counts. */
function nameOf(path: string | null): string | null {
  return path === null ? null : basename(path);
}

async function exists(path: string): Promise<boolean> {
  return stat(path).then(
    () => true,
    () => false,
  );
}

async function checkTargets(job: TrainJob, work: string): Promise<void> {
  if (await exists(job.out))
    throw new ForgeError('FILE_EXISTS', `${job.out} exists already; choose another --out or remove it`);
  const begun = await exists(work);
  if (begun && !job.resume)
    throw new ForgeError(
      'FILE_EXISTS',
      `${work} holds an unfinished training; continue it with --resume, or remove it`,
    );
  if (!begun && job.resume)
    throw new ForgeError('FILE_NOT_FOUND', `there is nothing to resume: ${work} does not exist`);
}

/** The state to go on from; null when the training was stopped before its first checkpoint. */
async function resume(path: string, asked: TrainJob): Promise<{ state: TrainState; settings: Settings } | null> {
  if (!(await exists(path))) return null;
  const found = await readCheckpoint<Settings>(path);
  // The data may have moved; its digest is compared, not its name.
  return {
    ...found,
    settings: { ...found.settings, text: asked.text ?? found.settings.text, data: asked.data ?? found.settings.data },
  };
}

async function startModel(job: TrainJob, data: DataSet, state: TrainState | null): Promise<Model> {
  const base = job.params.init === undefined ? await freshModel(job, data) : await readModelFolder(job.params.init);
  if (!base.tokenizer) throw new ForgeError('TOKENIZER_INVALID', `${job.params.init} has no tokenizer.json`);
  return state
    ? { ...base, weights: new Map([...base.weights].map(([name, t]) => [name, state.weights.get(name) ?? t])) }
    : base;
}

async function freshModel(job: TrainJob, data: DataSet): Promise<Model> {
  const { tokenizer: kind = 'byte', model: given = {} } = job.params;
  const text = blocksOf(data, 'train').map((b) => b.text);
  const tokenizer = kind === 'byte' ? byteTokenizer() : trainBpe(text.join(''), { vocabSize: kind.bpe });
  const shape = {
    ...defaultShape(data.sizeBytes, job.maxSteps === null ? (job.maxSeconds ?? DEFAULT_SECONDS) : null),
    ...given,
  };
  const length = { ...DEFAULT_BATCH, ...job.params.batch }.length;
  // parseConfig checks that the parts fit together, as for any imported folder.
  const config: LlamaConfig = parseConfig({
    model_type: 'llama',
    vocab_size: tokenizer.vocabSize,
    hidden_size: shape.hiddenSize,
    intermediate_size: shape.intermediateSize,
    num_hidden_layers: shape.numLayers,
    num_attention_heads: shape.numHeads,
    num_key_value_heads: given.numKvHeads ?? shape.numHeads,
    head_dim: given.headDim ?? shape.hiddenSize / shape.numHeads,
    max_position_embeddings: given.maxPositionEmbeddings ?? Math.max(512, length),
    rms_norm_eps: 1e-5,
    rope_theta: given.ropeTheta ?? 10_000,
    tie_word_embeddings: given.tieWordEmbeddings ?? true,
    bos_token_id: tokenizer.bosId,
    eos_token_id: tokenizer.eosId,
    pad_token_id: tokenizer.padId,
  });
  return { config, weights: initWeights(config, job.seed), tokenizer };
}

function batchSource(job: TrainJob, data: DataSet, model: Model): BatchSource {
  const { rows, length } = { ...DEFAULT_BATCH, ...job.params.batch };
  const common = { tokenizer: model.tokenizer!, rows, length, seed: job.seed };
  if (data.blocks.length > 0) return new TextWindows({ ...common, texts: blocksOf(data, 'train').map((b) => b.text) });
  return new TaskMix({ ...common, part: 'train', sources: [exampleSource(basename(data.path), data.examples, 1)] });
}

async function held(model: Model, data: DataSet, job: TrainJob): Promise<TrainSummary['report']> {
  const blocks = blocksOf(data, 'report');
  if (blocks.length === 0) return null;
  const contextLength = { ...DEFAULT_BATCH, ...job.params.batch }.length;
  return evaluateText(
    model,
    blocks.map((b) => b.text),
    { contextLength, ...(job.threads === null ? {} : { threads: job.threads }) },
  );
}

function describe(model: Model, data: DataSet, state: TrainState | null): string {
  const parameters = [...model.weights.values()].reduce((n, t) => n + t.data.length, 0);
  const what = data.blocks.length > 0 ? `${data.blocks.length} blocks of text` : `${data.examples.length} examples`;
  const from = state ? `, going on at step ${state.step} of ${state.steps}` : '';
  return `${(parameters / 1e6).toFixed(2)} M parameters on ${basename(data.path)} (${(data.sizeBytes / 1e3).toFixed(0)} kB, ${what})${from}`;
}
