import { createHash } from 'node:crypto';
import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import { ForgeError } from '@agent-forge/contracts';
import { assertAudit, auditStructure, auditValues } from '../audit.js';
import { parseConfig, type LlamaConfig } from '../config.js';
import { fileError } from '../safetensors/file-access.js';
import { openSafetensors } from '../safetensors/open-safetensors.js';
import type { StoredTensor } from '../safetensors/tensor-source.js';
import { isTernary } from '../ternary/mark.js';
import { type UnpackedSource, unpackedSource } from '../ternary/packed-source.js';
import { loadTokenizer } from '../tokenizer/load-tokenizer.js';
import type { Tokenizer } from '../tokenizer/tokenizer.js';
import type { LazyWeights, Model, Weights } from '../weights.js';
import { readJsonObject } from './json-file.js';

const EMBEDDING = 'model.embed_tokens.weight';
const HEAD = 'lm_head.weight';
/** Rotary frequencies that old checkpoints store although they follow from the configuration. */
const DERIVED = /\.rotary_emb\.inv_freq$/;

/** A model folder whose weights are still on disk. */
export interface ModelFolder extends LazyWeights {
  readonly path: string;
  readonly config: LlamaConfig;
  readonly tokenizer: Tokenizer | null;
  /** Element type and size of each tensor as it is stored. */
  readonly stored: ReadonlyMap<string, StoredTensor>;
}

/**
 * Opens a Hugging Face model folder: reads its configuration, tokenizer and the headers of its weights, and checks that
 * they fit together. Weights are read one by one afterwards. A stored head that is tied is left out when it equals the
 * embedding; where it differs, transformers 4 takes the embedding and transformers 5 the stored head, so it is refused.
 * @throws ForgeError `FILE_NOT_FOUND`, `NOT_A_MODEL`, `TOKENIZER_INVALID`, `UNSUPPORTED_FORMAT`, `SAFETENSORS_INVALID`,
 *   `AUDIT_FAILED` for missing, unexpected or misshapen tensors and for a tokenizer that does not fit
 */
export async function openModelFolder(path: string): Promise<ModelFolder> {
  await checkFolder(path);
  const config = await readConfig(path);
  const file = await openSafetensors(path);
  const packed = config.ternary?.mode === 'offline';
  const source: UnpackedSource = packed ? unpackedSource(file, config.ternary) : file;
  const tokenizer = await loadTokenizer(path);
  const stored = new Map([...source.tensors].filter(([name]) => !DERIVED.test(name)));
  const shapes = new Map([...stored].map(([name, { shape }]) => [name, shape]));
  assertAudit(auditStructure(config, shapes, tokenizer), path);
  for (const [name, { dtype }] of stored)
    if (dtype !== 'F32' && dtype !== 'F16' && dtype !== 'BF16' && !(packed && isTernary(name)))
      throw new ForgeError(
        'UNSUPPORTED_FORMAT',
        `${path}: tensor ${name} is ${dtype}; weights are read from F32, F16 and BF16`,
      );
  if (config.tieWordEmbeddings && shapes.has(HEAD)) {
    await checkTied(path, source);
    for (const map of [stored, shapes]) map.delete(HEAD);
  }
  return { path, config, tokenizer, stored, shapes, read: (name) => source.read(name) };
}

export interface ReadOptions {
  /** Look for NaN, infinities and all-zero tensors (default). Turn off to look at a broken model. */
  readonly auditValues?: boolean;
}

/**
 * Reads a whole model into memory, as float32.
 * @throws ForgeError what {@link openModelFolder} throws, and `AUDIT_FAILED` naming tensor and index of a bad value
 */
export async function readModelFolder(path: string, options: ReadOptions = {}): Promise<Model> {
  const folder = await openModelFolder(path);
  const weights: Weights = new Map();
  for (const name of folder.shapes.keys()) {
    const tensor = await folder.read(name);
    if (options.auditValues !== false) assertAudit(auditValues(name, tensor), path);
    weights.set(name, tensor);
  }
  return { config: folder.config, weights, tokenizer: folder.tokenizer };
}

async function checkFolder(path: string): Promise<void> {
  const isFolder = await stat(path).then(
    (found) => found.isDirectory(),
    (error: unknown) => {
      throw fileError(path, error);
    },
  );
  if (!isFolder)
    throw new ForgeError(
      'NOT_A_MODEL',
      `${path} is a file; a model is a folder with config.json and safetensors files`,
    );
}

/** The end tokens of `generation_config.json` count too: chat models end their turns with one that config.json lacks. */
export async function readConfig(path: string): Promise<LlamaConfig> {
  const json = await readJsonObject(join(path, 'config.json'));
  if (json === null) throw new ForgeError('NOT_A_MODEL', `${path} has no config.json`);
  const config = parseConfig(json);
  const generation = await readJsonObject(join(path, 'generation_config.json'));
  if (generation?.['eos_token_id'] === undefined) return config;
  const { eosTokenId: more } = parseConfig({ ...json, eos_token_id: generation['eos_token_id'] });
  return { ...config, eosTokenId: [...new Set([...config.eosTokenId, ...more])] };
}

/** One after the other, so that the two largest tensors are never in memory together. */
async function checkTied(path: string, source: UnpackedSource): Promise<void> {
  const digest = async (name: string): Promise<string> =>
    createHash('sha256')
      .update(new Uint8Array((await source.read(name)).data.buffer))
      .digest('hex');
  if ((await digest(HEAD)) === (await digest(EMBEDDING))) return;
  throw new ForgeError(
    'AUDIT_FAILED',
    `${path}: ${HEAD} differs from ${EMBEDDING}, but config.json has tie_word_embeddings true; set it to false, or remove ${HEAD}`,
  );
}
