import { open, stat, type FileHandle } from 'node:fs/promises';
import { ForgeError } from '@agent-forge/contracts';

/** One read of more than 2 GiB fails on Linux. */
const MAX_READ_BYTES = 2 ** 30;

/** A regular file, as it was when it was looked at. */
export interface FileIdentity {
  readonly sizeBytes: number;
  /** Changes whenever the file is replaced or written. */
  readonly version: string;
}

/** Turns an error of the file system into ours; others pass through {@link ForgeError.from}. */
export function fileError(path: string, error: unknown): ForgeError {
  const { code, syscall } = error as NodeJS.ErrnoException;
  // Not of the file system: a ForgeError, or a fault of whoever was called in between.
  if (syscall === undefined) return ForgeError.from(error);
  if (code === 'ENOENT' || code === 'ENOTDIR') return new ForgeError('FILE_NOT_FOUND', `${path} does not exist`, error);
  if (code === 'EACCES' || code === 'EPERM')
    return new ForgeError('FILE_NOT_FOUND', `${path} cannot be read or written: permission denied`, error);
  return new ForgeError('STORE_UNAVAILABLE', `${path} cannot be read or written: ${code}`, error);
}

/**
 * Looks before it opens, since opening a pipe would wait for a writer for ever.
 * @throws ForgeError `FILE_NOT_FOUND` when there is no such file or it is no regular file
 */
export async function identify(path: string): Promise<FileIdentity> {
  try {
    const found = await stat(path, { bigint: true });
    if (!found.isFile()) throw new ForgeError('FILE_NOT_FOUND', `${path} is not a file`);
    return { sizeBytes: Number(found.size), version: `${found.dev}:${found.ino}:${found.size}:${found.mtimeNs}` };
  } catch (error) {
    throw fileError(path, error);
  }
}

/** Opens a file for the time of one call, so that no descriptor is held between reads. */
export async function withFile<T>(path: string, use: (file: FileHandle) => Promise<T>): Promise<T> {
  let file: FileHandle | undefined;
  try {
    file = await open(path, 'r');
    return await use(file);
  } catch (error) {
    throw fileError(path, error);
  } finally {
    await file?.close();
  }
}

/** Fills `target` from a position of the file. @returns bytes read; fewer than asked only at the end of the file */
export async function readAt(file: FileHandle, target: Uint8Array, positionBytes: number): Promise<number> {
  let done = 0;
  while (done < target.length) {
    const length = Math.min(target.length - done, MAX_READ_BYTES);
    const { bytesRead } = await file.read(target, done, length, positionBytes + done);
    if (bytesRead === 0) break;
    done += bytesRead;
  }
  return done;
}
