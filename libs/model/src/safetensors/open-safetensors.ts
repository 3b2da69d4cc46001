import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import { ForgeError } from '@agent-forge/contracts/core';
import { fileError } from './file-access.js';
import { SafetensorsFile } from './safetensors-file.js';
import { ShardedSafetensors } from './shards.js';
import type { OpenOptions, TensorSource } from './tensor-source.js';

/** The names that Hugging Face tools give to the weights of a folder. */
export const SINGLE_FILE = 'model.safetensors';
export const INDEX_FILE = 'model.safetensors.index.json';
/** Weights in formats that run code when opened, by the names they usually have. */
const PICKLED_FILES = ['pytorch_model.bin', 'pytorch_model.bin.index.json', 'consolidated.00.pth', 'model.pt'];

/**
 * Opens a safetensors file, an index of shards, or the weights of a model folder. Reads headers only: peak memory of
 * everything that follows is the largest tensor that is read, whatever the size of the files.
 * @throws ForgeError `FILE_NOT_FOUND`, `NOT_A_MODEL` for a folder without weights, `UNSUPPORTED_FORMAT` for other
 *   formats, `SAFETENSORS_INVALID` naming the broken rule
 */
export async function openSafetensors(path: string, options: OpenOptions = {}): Promise<TensorSource> {
  if (!(await exists(path))) throw new ForgeError('FILE_NOT_FOUND', `${path} does not exist`);
  if (!(await isFolder(path)))
    return path.endsWith('.index.json') ? ShardedSafetensors.open(path, options) : SafetensorsFile.open(path, options);
  const [single, index] = [join(path, SINGLE_FILE), join(path, INDEX_FILE)];
  if (await exists(single)) return SafetensorsFile.open(single, options);
  if (await exists(index)) return ShardedSafetensors.open(index, options);
  for (const name of PICKLED_FILES)
    if (await exists(join(path, name)))
      throw new ForgeError(
        'UNSUPPORTED_FORMAT',
        `${path} has its weights in ${name}, which is a Python pickle and never read; convert it to safetensors first`,
      );
  throw new ForgeError('NOT_A_MODEL', `${path} has neither ${SINGLE_FILE} nor ${INDEX_FILE}`);
}

const isFolder = async (path: string): Promise<boolean> => (await stat(path)).isDirectory();

async function exists(path: string): Promise<boolean> {
  try {
    await stat(path);
    return true;
  } catch (error) {
    const failure = fileError(path, error);
    if (failure.code === 'FILE_NOT_FOUND' && (error as NodeJS.ErrnoException).code !== 'EACCES') return false;
    throw failure;
  }
}
