import { readFile, rename, rm, stat, writeFile } from 'node:fs/promises';
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
  parameterCount,
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

const CHECKPOINT_FILE = 'checkpoint.safetensors';
const SETTINGS_FILE = 'settings.json';
/** A billion parameters: sixteen gigabytes with their gradients and AdamW's state. */
const MAX_PARAMETERS = 1e9;

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
  const checkpoint = join(work, CHECKPOINT_FILE);
  await checkTargets(asked, work);
  const resumed = asked.resume ? await resume(work, asked) : null;
  const job = resumed ? { ...asked, ...resumed.settings } : asked;
  const data = await readDataSet((job.text ?? job.data)!);
  requireAllParts(data);
  if (resumed && data.sha256 !== resumed.settings.dataSha256)
    throw new ForgeError('CHECKPOINT_INVALID', `${data.path} has changed since the checkpoint was written`);
  const state = resumed?.state ?? null;
  const model = await startModel(job, data, state);
  const { resume: _resume, out: _out, checkpointSeconds, ...rest } = job;
  const settings: Settings = { ...rest, dataSha256: data.sha256 };
  await keepSettings(work, settings);
  emit({ kind: 'note', text: describe(model, data, state) });
  const result = await trainLanguageModel({
    model,
    source: batchSource(job, data, model),
    optimizer: { ...DEFAULT_OPTIMIZER, ...job.params.optimizer },
    accumulation: { ...DEFAULT_BATCH, ...job.params.batch }.accumulation,
    ...(job.maxSteps === null ? { maxSeconds: job.maxSeconds ?? DEFAULT_SECONDS } : { steps: job.maxSteps }),
    ...(job.threads === null ? {} : { threads: job.threads }),
    provider: job.provider,
    ...(state ? { resume: state } : {}),
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

/** The folder and the settings in it appear together, so that a training can be continued from its first moment on. */
async function keepSettings(work: string, settings: Settings): Promise<void> {
  if (await exists(join(work, SETTINGS_FILE))) return;
  const making = `${work}.tmp-${process.pid}`;
  await ensureFolder(making);
  await writeFile(join(making, SETTINGS_FILE), JSON.stringify(settings));
  await rename(making, work);
}

/** The settings of an unfinished training and the state to go on from, which is null before its first checkpoint. */
async function resume(work: string, asked: TrainJob): Promise<{ state: TrainState | null; settings: Settings }> {
  const checkpoint = join(work, CHECKPOINT_FILE);
  const found: { state: TrainState | null; settings: Settings } = (await exists(checkpoint))
    ? await readCheckpoint<Settings>(checkpoint)
    : { state: null, settings: await readSettings(join(work, SETTINGS_FILE)) };
  // The data may have moved; its digest is compared, not its name.
  const { settings } = found;
  return { ...found, settings: { ...settings, text: asked.text ?? settings.text, data: asked.data ?? settings.data } };
}

async function readSettings(path: string): Promise<Settings> {
  try {
    return JSON.parse(await readFile(path, 'utf8')) as Settings;
  } catch (error) {
    throw new ForgeError('CHECKPOINT_INVALID', `${path} cannot be read; remove its folder and start again`, error);
  }
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
  const config = configOf({
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

/** @throws ForgeError `INVALID_ARGUMENT` when the sizes of the parameter file do not make a network, or one too large to train here */
function configOf(json: Record<string, unknown>): LlamaConfig {
  let config: LlamaConfig;
  try {
    config = parseConfig(json);
  } catch (error) {
    const problem = ForgeError.from(error).message.replace('config.json: ', '');
    throw new ForgeError(
      'INVALID_ARGUMENT',
      `the model of the parameter file does not fit together: ${problem}`,
      error,
    );
  }
  const parameters = parameterCount(config);
  if (parameters <= MAX_PARAMETERS) return config;
  throw new ForgeError(
    'INVALID_ARGUMENT',
    `the model of the parameter file has ${parameters} parameters; at most ${MAX_PARAMETERS} can be trained`,
  );
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
