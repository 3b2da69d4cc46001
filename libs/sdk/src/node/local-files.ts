import { createReadStream } from 'node:fs';
import { stat } from 'node:fs/promises';
import { ForgeError } from '@agent-forge/contracts';
import type { Connection } from '../http/connection.js';
import { uploadFiles, type UploadOptions } from '../verbs/upload-files.js';

/** A file of this machine, and the name to send it under. */
export interface LocalFile {
  readonly name: string;
  readonly path: string;
}

/** Sends files of this machine, read while they are sent. @throws ForgeError FILE_NOT_FOUND, those of the route and of every request */
export async function uploadLocalFiles<T>(
  connection: Connection,
  path: string,
  files: readonly LocalFile[],
  options: UploadOptions,
): Promise<T> {
  let totalBytes = 0;
  for (const file of files) totalBytes += await fileSize(file.path);
  const toSend = files.map(({ name, path: file }) => ({ name, content: readLater(file) }));
  return uploadFiles(connection, path, toSend, options, totalBytes);
}

/** Opened when its turn comes, so that a folder of many files does not hold them all open. */
async function* readLater(path: string): AsyncGenerator<Uint8Array> {
  yield* createReadStream(path) as AsyncIterable<Uint8Array>;
}

/** A pipe or a folder would be opened and never end. */
async function fileSize(path: string): Promise<number> {
  const info = await stat(path).catch((error: unknown) => {
    throw new ForgeError('FILE_NOT_FOUND', `${path} does not exist or cannot be read`, error);
  });
  if (!info.isFile()) throw new ForgeError('FILE_NOT_FOUND', `${path} is no file`);
  return info.size;
}
