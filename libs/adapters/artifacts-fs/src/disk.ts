import { createHash, randomUUID } from 'node:crypto';
import { mkdir, open, readdir, rename, rm, stat, type FileHandle } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { ForgeError, type StoredFile } from '@agent-forge/contracts';

/** Large reads: hashing and copying run at gigabytes per second only when they are not cut small. */
export const READ_BYTES = 1024 * 1024;
/** Leftovers of processes that were killed while writing; nothing takes a day to write. */
const TEMPORARY_MAX_AGE_MS = 24 * 3_600_000;

/** What an error of the file system means for the store. */
export function storeError(error: unknown, doing: string): ForgeError {
  if (error instanceof ForgeError) return error;
  const said = error instanceof Error ? error.message : String(error);
  return new ForgeError('STORE_UNAVAILABLE', `the artifact store cannot ${doing}: ${said}`, error);
}

/** Does something with the file system. @throws ForgeError as {@link storeError} says */
export async function attempt<T>(doing: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    throw storeError(error, doing);
  }
}

/** Whether there is no such file. */
export function isMissing(error: unknown): boolean {
  return (error as NodeJS.ErrnoException).code === 'ENOENT';
}

/**
 * Writes a stream into a new temporary file and hashes it on the way; the file is on disk when it resolves, and gone when it throws.
 * @returns its path, digest and size
 */
export async function writeTemporary(
  directory: string,
  source: AsyncIterable<Uint8Array> | Iterable<Uint8Array>,
  maxBytes: number,
): Promise<StoredFile & { path: string }> {
  const path = join(directory, randomUUID());
  const file = await open(path, 'wx', 0o600);
  try {
    const hash = createHash('sha256');
    let sizeBytes = 0;
    for await (const chunk of source) {
      sizeBytes += chunk.length;
      if (sizeBytes > maxBytes) throw new ForgeError('PAYLOAD_TOO_LARGE', `the file is over ${maxBytes} bytes`);
      hash.update(chunk);
      await writeAll(file, chunk);
    }
    await file.sync();
    await file.close();
    return { path, digest: hash.digest('hex'), sizeBytes };
  } catch (error) {
    await file.close().catch(() => undefined);
    await rm(path, { force: true });
    throw error;
  }
}

/** Moves a finished file to its final place; after that the place survives a power cut as well. */
export async function publish(temporary: string, target: string): Promise<void> {
  await mkdir(dirname(target), { recursive: true });
  await rename(temporary, target);
  const directory = await open(dirname(target), 'r');
  try {
    await directory.sync();
  } finally {
    await directory.close();
  }
}

/** Removes what killed processes left behind. */
export async function sweepTemporary(directory: string): Promise<void> {
  for (const name of await readdir(directory)) {
    const path = join(directory, name);
    const info = await stat(path).catch(() => undefined);
    if (info && Date.now() - info.mtimeMs > TEMPORARY_MAX_AGE_MS) await rm(path, { recursive: true, force: true });
  }
}

async function writeAll(file: FileHandle, chunk: Uint8Array): Promise<void> {
  for (let written = 0; written < chunk.length;) {
    written += (await file.write(chunk, written)).bytesWritten;
  }
}
