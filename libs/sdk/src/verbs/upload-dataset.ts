import { basename } from 'node:path';
import type { UploadView } from '@agent-forge/contracts';
import { sendForJson, type Connection } from '../http/connection.js';
import { uploadFiles, type UploadOptions } from './upload-files.js';

/**
 * Uploads a text as a data set, streamed. The same bytes give the same artifact.
 * @throws ForgeError DATA_INVALID when it is not UTF-8 text, PAYLOAD_TOO_LARGE, and those of every request
 */
export function uploadDataset(
  connection: Connection,
  content: AsyncIterable<Uint8Array>,
  signal?: AbortSignal,
): Promise<UploadView> {
  return sendForJson(connection, {
    method: 'POST',
    path: '/v1/datasets',
    body: { content, type: 'text/plain; charset=utf-8' },
    isLong: true,
    ...(signal ? { signal } : {}),
  });
}

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
  const files = paths.map((path) => ({ name: plainName(path), path }));
  return uploadFiles(connection, '/v1/datasets', files, options);
}

function plainName(path: string): string {
  return basename(path)
    .replaceAll(/[^A-Za-z0-9_.-]/g, '_')
    .replace(/^[.-]/, '_');
}
