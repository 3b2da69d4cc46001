import { ForgeError, isModelFile, type ModelView } from '@agent-forge/contracts';
import type { Connection } from '../http/connection.js';
import { uploadBlobs, type NamedBlob, type UploadOptions } from './upload-files.js';

/**
 * Uploads the files of a Hugging Face model folder as a browser has them. Those are sent that belong to a model.
 * @throws ForgeError NOT_A_MODEL, SAFETENSORS_INVALID, TOKENIZER_INVALID, AUDIT_FAILED and the like, and those of every request
 */
export async function uploadModelBlobs(
  connection: Connection,
  files: readonly NamedBlob[],
  options: UploadOptions = {},
): Promise<ModelView> {
  const ofModel = files.filter(({ name }) => isModelFile(name));
  if (!ofModel.some(({ name }) => name === 'config.json'))
    throw new ForgeError('NOT_A_MODEL', 'there is no config.json among the files');
  return uploadBlobs(connection, '/v1/models', ofModel, options);
}
