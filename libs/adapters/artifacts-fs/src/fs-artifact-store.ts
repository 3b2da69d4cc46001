import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { access, mkdir, readdir, readFile, rm } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import {
  decodeManifest,
  encodeManifest,
  ForgeError,
  isDigest,
  type ArtifactHead,
  type ArtifactName,
  type ArtifactStore,
  type CollectOptions,
  type Garbage,
  type Manifest,
  type StoredFile,
} from '@agent-forge/contracts';
import { collect, renewFile } from './collect.js';
import { attempt, isMissing, publish, READ_BYTES, storeError, sweepTemporary, writeTemporary } from './disk.js';
import { materialise, putFolder } from './folder.js';
import { assertDigest, noArtifact, noFile } from './names.js';

/**
 * The artifact store in a directory: `files/<first two digits>/<digest>` and `manifests/<id>`. Any number of processes may use it at the same
 * time, since a file is written under a temporary name, synced, and then renamed to the name of its content.
 */
export class FsArtifactStore implements ArtifactStore {
  private constructor(readonly root: string) {}

  /** Opens the store, making its folders. @throws ForgeError STORE_UNAVAILABLE */
  static async open(directory: string): Promise<FsArtifactStore> {
    const store = new FsArtifactStore(resolve(directory));
    await attempt('be opened', async () => {
      for (const part of ['files', 'manifests', 'tmp']) await mkdir(join(store.root, part), { recursive: true });
      await sweepTemporary(join(store.root, 'tmp'));
    });
    return store;
  }

  putFile(
    source: AsyncIterable<Uint8Array> | Iterable<Uint8Array>,
    maxBytes = Number.MAX_SAFE_INTEGER,
  ): Promise<StoredFile> {
    return attempt('keep a file', async () => {
      const { path, digest, sizeBytes } = await writeTemporary(join(this.root, 'tmp'), source, maxBytes);
      // Also over a file that is there already: should that one be damaged, it is whole again.
      await publish(path, this.#filePath(digest));
      return { digest, sizeBytes };
    });
  }

  putManifest(manifest: Manifest): Promise<string> {
    return attempt('keep a manifest', async () => {
      const { id, bytes } = encodeManifest(manifest);
      for (const { name, digest } of manifest.files) {
        await access(this.#filePath(digest)).catch(() => {
          throw noFile(digest, `${name} of a manifest`);
        });
      }
      const { path } = await writeTemporary(join(this.root, 'tmp'), [bytes], bytes.length);
      await publish(path, this.#manifestPath(id));
      return id;
    });
  }

  putFolder(dir: string, role: string, head: ArtifactHead): Promise<ArtifactName> {
    return putFolder(this, dir, role, head);
  }

  manifest(id: string): Promise<Manifest> {
    return attempt(`read artifact ${id}`, async () => {
      const bytes = await readFile(this.#manifestPath(id)).catch((error: unknown) => {
        throw isMissing(error) ? noArtifact(id) : error;
      });
      return decodeManifest(id, bytes);
    });
  }

  async *list(): AsyncGenerator<string> {
    const names = await attempt('be listed', () => readdir(join(this.root, 'manifests')));
    yield* names.filter(isDigest).sort();
  }

  async *readFile(digest: string, range?: { start: number; end: number }): AsyncGenerator<Uint8Array> {
    const hash = createHash('sha256');
    const part = range && { start: range.start, end: range.end - 1 };
    if (range && range.end <= range.start) return;
    try {
      for await (const chunk of createReadStream(this.#filePath(digest), { highWaterMark: READ_BYTES, ...part })) {
        hash.update(chunk as Uint8Array);
        yield chunk as Uint8Array;
      }
    } catch (error) {
      if (isMissing(error)) throw noFile(digest);
      throw storeError(error, `read file ${digest}`);
    }
    if (range) return;
    const actual = hash.digest('hex');
    if (actual !== digest)
      throw new ForgeError('DIGEST_MISMATCH', `stored file ${digest} has digest ${actual}: it is damaged`);
  }

  materialise(id: string, dir: string): Promise<void> {
    return materialise(this, id, dir);
  }

  async renew(id: string): Promise<Manifest> {
    // Its age first: what has been renewed stays, so that what is read after it is true.
    await attempt(`renew artifact ${id}`, async () => {
      try {
        await renewFile(this.#manifestPath(id));
      } catch (error) {
        throw isMissing(error) ? noArtifact(id) : error;
      }
    });
    return this.manifest(id);
  }

  collect(options: CollectOptions): Promise<Garbage> {
    const source = { root: this.root, manifest: (id: string) => this.manifest(id) };
    return attempt('be cleaned', () => collect(source, options));
  }

  async check(): Promise<void> {
    await attempt('be written', async () => {
      const { path } = await writeTemporary(join(this.root, 'tmp'), [Buffer.from('check')], READ_BYTES);
      await rm(path, { force: true });
    });
  }

  #filePath(digest: string): string {
    return join(this.root, 'files', digest.slice(0, 2), assertDigest(digest));
  }

  #manifestPath(id: string): string {
    return join(this.root, 'manifests', assertDigest(id));
  }
}
