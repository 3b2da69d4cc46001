import { sendForJson, type Connection } from '../http/connection.js';
import { multipartBody, type FileToSend } from '../http/multipart.js';

/** How to upload. */
export interface UploadOptions {
  readonly signal?: AbortSignal;
  /** Hears how much was sent of all files together; for blobs nothing is known before the end. */
  readonly onProgress?: (sentBytes: number, totalBytes: number) => void;
}

/** A file as a browser has it, and its name. A `File` is one. */
export interface NamedBlob {
  readonly name: string;
  readonly blob: Blob;
}

/** Sends files to a route that takes them. @throws ForgeError those of the route and of every request */
export async function uploadFiles<T>(
  connection: Connection,
  path: string,
  files: readonly FileToSend[],
  { signal, onProgress }: UploadOptions,
  totalBytes: number,
): Promise<T> {
  const body = multipartBody(files, (sentBytes) => onProgress?.(sentBytes, totalBytes));
  const answer = await sendForJson<T>(connection, {
    method: 'POST',
    path,
    body,
    isLong: true,
    ...(signal ? { signal } : {}),
  });
  if (body.content instanceof Blob) onProgress?.(totalBytes, totalBytes);
  return answer;
}

/** Sends blobs. @throws ForgeError as {@link uploadFiles} does */
export function uploadBlobs<T>(
  connection: Connection,
  path: string,
  files: readonly NamedBlob[],
  options: UploadOptions,
): Promise<T> {
  const totalBytes = files.reduce((sum, { blob }) => sum + blob.size, 0);
  const toSend = files.map(({ name, blob }) => ({ name, content: blob }));
  return uploadFiles(connection, path, toSend, options, totalBytes);
}

/** A name that data files may have: what such a name may not have becomes "_". */
export function plainName(name: string): string {
  return name.replaceAll(/[^A-Za-z0-9_.-]/g, '_').replace(/^[.-]/, '_');
}
