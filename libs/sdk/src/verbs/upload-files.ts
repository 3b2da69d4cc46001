import { stat } from 'node:fs/promises';
import { ForgeError } from '@agent-forge/contracts';
import { sendForJson, type Connection } from '../http/connection.js';
import { multipartBody, type FileToSend } from '../http/multipart.js';

/** How to upload. */
export interface UploadOptions {
  readonly signal?: AbortSignal;
  /** Hears how much was sent of all files together. */
  readonly onProgress?: (sentBytes: number, totalBytes: number) => void;
}

/** Sends files to a route that takes them. @throws ForgeError FILE_NOT_FOUND, those of the route and of every request */
export async function uploadFiles<T>(
  connection: Connection,
  path: string,
  files: readonly FileToSend[],
  { signal, onProgress }: UploadOptions = {},
): Promise<T> {
  let totalBytes = 0;
  for (const file of files) totalBytes += await fileSize(file.path);
  const body = multipartBody(files, (sentBytes) => onProgress?.(sentBytes, totalBytes));
  return sendForJson(connection, { method: 'POST', path, body, isLong: true, ...(signal ? { signal } : {}) });
}

/** A pipe or a folder would be opened and never end. */
async function fileSize(path: string): Promise<number> {
  const info = await stat(path).catch((error: unknown) => {
    throw new ForgeError('FILE_NOT_FOUND', `${path} does not exist or cannot be read`, error);
  });
  if (!info.isFile()) throw new ForgeError('FILE_NOT_FOUND', `${path} is no file`);
  return info.size;
}
