import { createHash } from 'node:crypto';
import { mkdir, readFile, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { ForgeError, type Json } from '@agent-forge/contracts';

/** Where a {@link LocalHost} keeps what it is to remember: small plain data by key. */
export interface HostMemory {
  get(key: string): Promise<Json | undefined>;
  /** In place, whole, when the promise resolves. */
  set(key: string, value: Json): Promise<void>;
}

/** As long as the process lives. */
export class ProcessMemory implements HostMemory {
  readonly #values = new Map<string, Json>();

  get = async (key: string): Promise<Json | undefined> => structuredClone(this.#values.get(key));

  set = async (key: string, value: Json): Promise<void> => void this.#values.set(key, structuredClone(value));
}

/** In a folder, one file for each key, so that another process can go on. */
export class FolderMemory implements HostMemory {
  /** @param dir is made when something is kept first */
  constructor(private readonly dir: string) {}

  get = async (key: string): Promise<Json | undefined> => {
    const text = await readFile(this.#path(key), 'utf8').catch((error: NodeJS.ErrnoException) => {
      if (error.code === 'ENOENT') return undefined;
      throw new ForgeError('STORE_UNAVAILABLE', `${this.#path(key)} cannot be read: ${error.message}`, error);
    });
    return text === undefined ? undefined : (JSON.parse(text) as Json);
  };

  set = async (key: string, value: Json): Promise<void> => {
    await mkdir(this.dir, { recursive: true });
    const path = this.#path(key);
    await writeFile(`${path}.new`, JSON.stringify(value), { flush: true });
    await rename(`${path}.new`, path);
  };

  #path(key: string): string {
    return join(this.dir, `${createHash('sha256').update(key).digest('hex')}.json`);
  }
}
