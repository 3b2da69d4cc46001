import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { ForgeError, isModelFile, type ModelView } from '@agent-forge/contracts';
import type { Connection } from '../http/connection.js';
import type { UploadOptions } from '../verbs/upload-files.js';
import { uploadLocalFiles } from './local-files.js';

/**
 * Uploads a Hugging Face model folder, streamed. Of its files those are sent that belong to a model; others, such as a README, stay.
 * @throws ForgeError FILE_NOT_FOUND, NOT_A_MODEL, SAFETENSORS_INVALID, TOKENIZER_INVALID, AUDIT_FAILED and the like, and those of every request
 */
export async function uploadModel(
  connection: Connection,
  dir: string,
  options: UploadOptions = {},
): Promise<ModelView> {
  const entries = await readdir(dir).catch((error: unknown) => {
    throw new ForgeError('FILE_NOT_FOUND', `${dir} is no folder that can be read`, error);
  });
  const names = entries.filter(isModelFile).sort();
  if (!names.includes('config.json')) throw new ForgeError('NOT_A_MODEL', `${dir} has no config.json`);
  const files = names.map((name) => ({ name, path: join(dir, name) }));
  return uploadLocalFiles(connection, '/v1/models', files, options);
}
