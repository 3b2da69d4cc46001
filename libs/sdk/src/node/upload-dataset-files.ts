import { basename } from 'node:path';
import type { UploadView } from '@agent-forge/contracts';
import type { Connection } from '../http/connection.js';
import { plainName, type UploadOptions } from '../verbs/upload-files.js';
import { uploadLocalFiles } from './local-files.js';

/**
 * Uploads files, texts and `.jsonl`, as one data set.
 * @param paths their last parts are the names that they get, with "_" for what such a name may not have
 * @throws ForgeError FILE_NOT_FOUND, DATA_INVALID with file and line, UNSUPPORTED_FORMAT, PAYLOAD_TOO_LARGE, and those of every request
 */
export function uploadDatasetFiles(
  connection: Connection,
  paths: readonly string[],
  options: UploadOptions = {},
): Promise<UploadView> {
  const files = paths.map((path) => ({ name: plainName(basename(path)), path }));
  return uploadLocalFiles(connection, '/v1/datasets', files, options);
}
