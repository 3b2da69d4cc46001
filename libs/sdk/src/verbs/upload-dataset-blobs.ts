import type { UploadView } from '@agent-forge/contracts';
import type { Connection } from '../http/connection.js';
import { plainName, uploadBlobs, type NamedBlob, type UploadOptions } from './upload-files.js';

/**
 * Uploads what a browser has as files, texts and `.jsonl`, as one data set.
 * @throws ForgeError DATA_INVALID with file and line, UNSUPPORTED_FORMAT, PAYLOAD_TOO_LARGE, and those of every request
 */
export function uploadDatasetBlobs(
  connection: Connection,
  files: readonly NamedBlob[],
  options: UploadOptions = {},
): Promise<UploadView> {
  const named = files.map(({ name, blob }) => ({ name: plainName(name), blob }));
  return uploadBlobs(connection, '/v1/datasets', named, options);
}
