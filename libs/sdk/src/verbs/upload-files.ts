import { stat } from 'node:fs/promises';
import { ForgeError } from '@agent-forge/contracts';
import { sendForJson, type Connection } from '../http/connection.js';
import { multipartBody, type FileToSend } from '../http/multipart.js';

/** Sends files to a route that takes them. @throws ForgeError FILE_NOT_FOUND, those of the route and of every request */
export async function uploadFiles<T>(
  connection: Connection,
  path: string,
  files: readonly FileToSend[],
  signal?: AbortSignal,
): Promise<T> {
  for (const file of files) await assertFile(file.path);
  const body = multipartBody(files);
  return sendForJson(connection, { method: 'POST', path, body, isLong: true, ...(signal ? { signal } : {}) });
}

/** A pipe or a folder would be opened and never end. */
async function assertFile(path: string): Promise<void> {
  const info = await stat(path).catch((error: unknown) => {
    throw new ForgeError('FILE_NOT_FOUND', `${path} does not exist or cannot be read`, error);
  });
  if (!info.isFile()) throw new ForgeError('FILE_NOT_FOUND', `${path} is no file`);
}
