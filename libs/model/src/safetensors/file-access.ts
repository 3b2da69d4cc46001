import { open, stat, type FileHandle } from 'node:fs/promises';
import { ForgeError, type ErrorCode } from '@agent-forge/contracts/core';
import { shown } from '../shown.js';

/** One read of more than 2 GiB fails on Linux. */
const MAX_READ_BYTES = 2 ** 30;

/** A regular file, as it was when it was looked at. */
export interface FileIdentity {
  readonly sizeBytes: number;
  /** Changes whenever the file is replaced or written. */
  readonly version: string;
}

/** No file system takes longer names than 255 bytes or paths than 4,096; of a longer path this much is shown. */
const MAX_SHOWN_PATH = 200;

/** Turns an error of the file system into ours; others pass through {@link ForgeError.from}. */
export function fileError(path: string, error: unknown): ForgeError {
  const { code, syscall } = error as NodeJS.ErrnoException;
  const refuse = (kind: ErrorCode, problem: string): ForgeError =>
    new ForgeError(kind, `${path === '' ? 'the empty path' : path.slice(0, MAX_SHOWN_PATH)} ${problem}`, error);
  if (code === 'ERR_INVALID_ARG_VALUE' && path.includes('\0'))
    return new ForgeError('INVALID_ARGUMENT', `the path ${shown(path)} has a NUL character`, error);
  // Not of the file system: a ForgeError, or a fault of whoever was called in between.
  if (syscall === undefined) return ForgeError.from(error);
  switch (code) {
    case 'ENOENT':
    case 'ENOTDIR':
      return refuse('FILE_NOT_FOUND', 'does not exist');
    case 'EACCES':
    case 'EPERM':
      return refuse('FILE_NOT_FOUND', 'cannot be read or written: permission denied');
    case 'ELOOP':
      return refuse('FILE_NOT_FOUND', 'is a link that leads back to itself');
    case 'ENAMETOOLONG':
      return refuse('INVALID_ARGUMENT', '… is too long for a path');
    case 'EISDIR':
      return refuse('FILE_EXISTS', 'is a folder; name a file');
    default:
      return refuse('STORE_UNAVAILABLE', `cannot be read or written: ${code}`);
  }
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
