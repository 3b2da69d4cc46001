import { mkdir, readdir, rename, rm } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { ForgeError } from '@agent-forge/contracts';
import { asLazy, assertAudit, auditStructure, auditTied, auditValues } from '../audit.js';
import { configToJson, type LlamaConfig } from '../config.js';
import type { FloatDtype } from '../safetensors/dtype.js';
import { fileError } from '../safetensors/file-access.js';
import { INDEX_FILE, SINGLE_FILE } from '../safetensors/open-safetensors.js';
import {
  dataBytes,
  streamSafetensors,
  syncFolder,
  temporaryName,
  type PulledTensor,
  type TensorSpec,
} from '../safetensors/write-safetensors.js';
import type { Tokenizer } from '../tokenizer/tokenizer.js';
import type { LazyWeights, Weights } from '../weights.js';
import { ensureFolder } from './ensure-folder.js';
import { writeConfigJson, writeJson, writeText } from './json-file.js';

/** What transformers 4 splits at; every tool reads shards of this size. */
const DEFAULT_MAX_SHARD_BYTES = 5_000_000_000;

export interface WriteModelOptions {
  /** Element type of the weights, or of each by its name; default F32. */
  readonly dtype?: FloatDtype | ((name: string) => FloatDtype);
  /** Weights may be all zero, as some methods of stacking layers make them; otherwise they are taken for a fault. */
  readonly allowZeroTensors?: boolean;
  /** Weights larger than this are split into files of at most this size (a larger tensor gets a file of its own). */
  readonly maxShardBytes?: number;
  /** More files of the folder, by name, that say how the model was made: texts as they are, anything else as JSON. */
  readonly extraFiles?: Readonly<Record<string, unknown>>;
}

/** What is written: weights in memory, or read one by one while writing. */
export interface WritableModel {
  readonly config: LlamaConfig;
  readonly weights: Weights | LazyWeights;
  readonly tokenizer: Tokenizer | null;
}

/**
 * Writes a model folder that transformers 4 and 5 load. It is built beside its place, synced and renamed, so that it
 * is there whole or not at all; equal models give equal bytes.
 * @param path of the folder; it must not exist, or be empty
 * @throws ForgeError `FILE_EXISTS`, `AUDIT_FAILED` when structure or values are bad or too large for the dtype,
 *   `INVALID_ARGUMENT`, `STORE_UNAVAILABLE`
 */
export async function writeModelFolder(
  path: string,
  model: WritableModel,
  options: WriteModelOptions = {},
): Promise<void> {
  const { dtype = 'F32', maxShardBytes = DEFAULT_MAX_SHARD_BYTES } = options;
  const dtypeOf = typeof dtype === 'string' ? () => dtype : dtype;
  if (model.config.ternary?.mode === 'offline')
    throw new ForgeError(
      'INVALID_ARGUMENT',
      'a frozen ternary model has no weights to train; write it as a packed folder',
    );
  if (!(maxShardBytes >= 1))
    throw new ForgeError('INVALID_ARGUMENT', `maxShardBytes is ${maxShardBytes}; it must be at least 1`);
  const weights = asLazy(model.weights);
  assertAudit(auditStructure(model.config, weights.shapes, model.tokenizer), path);
  assertAudit(await auditTied(model.config, weights), path);
  await writeWholeFolder(path, async (building) => {
    await writeWeights(building, model.config, weights, { ...options, dtypeOf, maxShardBytes });
    await writeSideFiles(building, model, configToJson(model.config, dtypeOf('model.embed_tokens.weight')));
    for (const [name, content] of Object.entries(options.extraFiles ?? {}))
      await (typeof content === 'string' ? writeText : writeJson)(join(building, name), content as string);
  });
}

/** Everything of a model folder but the weights: configuration, generation defaults, tokenizer. */
export async function writeSideFiles(
  building: string,
  { config, tokenizer }: Pick<WritableModel, 'config' | 'tokenizer'>,
  configJson: Record<string, unknown>,
): Promise<void> {
  await writeConfigJson(join(building, 'config.json'), configJson);
  await writeJson(join(building, 'generation_config.json'), generationConfig(config));
  for (const { name, json } of tokenizer?.files() ?? []) await writeJson(join(building, name), json);
}

/**
 * Makes a folder that is there whole or not at all: `write` fills one beside it, which is synced and renamed.
 * @throws ForgeError `FILE_EXISTS` when there is a folder that is not empty, and what `write` throws
 */
export async function writeWholeFolder(path: string, write: (building: string) => Promise<void>): Promise<void> {
  const target = resolve(path);
  await checkFree(target);
  const building = temporaryName(target);
  try {
    await ensureFolder(dirname(target));
    await mkdir(building);
    await write(building);
    await syncFolder(building);
    await moveInto(building, target);
  } catch (error) {
    await rm(building, { recursive: true, force: true }).catch(() => undefined);
    throw fileError(path, error);
  }
}

async function checkFree(target: string): Promise<void> {
  const entries = await readdir(target).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return [];
    if (error.code === 'ENOTDIR') throw exists(target);
    throw fileError(target, error);
  });
  if (entries.length > 0) throw exists(target);
}

const exists = (target: string): ForgeError =>
  new ForgeError('FILE_EXISTS', `${target} exists already and is not empty; choose another folder or remove it`);

async function moveInto(building: string, target: string): Promise<void> {
  try {
    await rename(building, target);
  } catch (error) {
    const { code = '' } = error as NodeJS.ErrnoException;
    throw ['ENOTEMPTY', 'EEXIST', 'ENOTDIR'].includes(code) ? exists(target) : error;
  }
  await syncFolder(dirname(target));
}

interface WeightOptions extends Required<Pick<WriteModelOptions, 'maxShardBytes'>> {
  readonly dtypeOf: (name: string) => FloatDtype;
  readonly allowZeroTensors?: boolean;
}

async function writeWeights(
  folder: string,
  config: LlamaConfig,
  weights: LazyWeights,
  { dtypeOf, maxShardBytes, allowZeroTensors = false }: WeightOptions,
): Promise<void> {
  const pull = async (name: string, ahead: readonly string[]): Promise<PulledTensor> => {
    if (weights.readStored) return { data: { bytes: await weights.readStored(name, ahead) } };
    const tensor = await weights.read(name, ahead);
    assertAudit(auditValues(name, tensor).filter(({ kind }) => !(allowZeroTensors && kind === 'all-zero')));
    return tensor;
  };
  // A tied head that is stored all the same is left out.
  const names = [...weights.shapes].filter(([name]) => !(config.tieWordEmbeddings && name === 'lm_head.weight'));
  const specs = new Map(names.map(([name, shape]) => [name, { dtype: dtypeOf(name), shape }]));
  const shards = splitIntoShards(specs, maxShardBytes);
  if (shards.length === 1) return streamSafetensors(join(folder, SINGLE_FILE), shards[0]!, pull);
  const weightMap: Record<string, string> = {};
  for (const [i, shard] of shards.entries()) {
    const file = `model-${String(i + 1).padStart(5, '0')}-of-${String(shards.length).padStart(5, '0')}.safetensors`;
    for (const name of shard.keys()) weightMap[name] = file;
    await streamSafetensors(join(folder, file), shard, pull);
  }
  const totalSize = dataBytes(specs.values());
  await writeJson(join(folder, INDEX_FILE), { metadata: { total_size: totalSize }, weight_map: weightMap });
}

/** In the order given, each shard filled until the next tensor would be too much for it. */
function splitIntoShards(specs: ReadonlyMap<string, TensorSpec>, maxShardBytes: number): Map<string, TensorSpec>[] {
  const shards: Map<string, TensorSpec>[] = [new Map()];
  let filledBytes = 0;
  for (const [name, spec] of specs) {
    const sizeBytes = dataBytes([spec]);
    if (filledBytes > 0 && filledBytes + sizeBytes > maxShardBytes) {
      shards.push(new Map());
      filledBytes = 0;
    }
    shards.at(-1)!.set(name, spec);
    filledBytes += sizeBytes;
  }
  return shards;
}

function generationConfig(config: LlamaConfig): Record<string, unknown> {
  const { bosTokenId, eosTokenId, padTokenId } = config;
  return {
    _from_model_config: true,
    ...(bosTokenId !== null && { bos_token_id: bosTokenId }),
    ...(eosTokenId.length > 0 && { eos_token_id: eosTokenId.length > 1 ? eosTokenId : eosTokenId[0] }),
    ...(padTokenId !== null && { pad_token_id: padTokenId }),
  };
}
