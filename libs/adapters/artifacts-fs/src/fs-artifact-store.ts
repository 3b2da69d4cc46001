import { createHash, randomUUID } from 'node:crypto';
import { createReadStream, createWriteStream } from 'node:fs';
import { access, mkdir, readdir, readFile, rename, rm } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { pipeline } from 'node:stream/promises';
import {
  decodeManifest,
  encodeManifest,
  ForgeError,
  isDigest,
  type ArtifactHead,
  type ArtifactName,
  type ArtifactStore,
  type Manifest,
  type ManifestFile,
  type StoredFile,
} from '@agent-forge/contracts';
import { publish, storeError, sweepTemporary, writeTemporary } from './disk.js';
import { listFolder } from './folder.js';

/** Large reads: hashing and copying run at gigabytes per second only when they are not cut small. */
const READ_BYTES = 1024 * 1024;

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
          throw new ForgeError(
            'ARTIFACT_NOT_FOUND',
            `the manifest names file ${name} (${digest}), which is not in the store`,
          );
        });
      }
      const { path } = await writeTemporary(join(this.root, 'tmp'), [bytes], bytes.length);
      await publish(path, this.#manifestPath(id));
      return id;
    });
  }

  async putFolder(dir: string, role: string, { kind, lineage }: ArtifactHead): Promise<ArtifactName> {
    const files: ManifestFile[] = [];
    for (const name of await attempt(`read ${dir}`, () => listFolder(dir))) {
      files.push({ name, ...(await this.putFile(createReadStream(join(dir, name), { highWaterMark: READ_BYTES }))) });
    }
    return { id: await this.putManifest({ version: 1, kind, files, lineage }), kind, role };
  }

  manifest(id: string): Promise<Manifest> {
    return attempt(`read artifact ${id}`, async () => {
      const bytes = await readFile(this.#manifestPath(id)).catch((error: unknown) => {
        throw isMissing(error)
          ? new ForgeError('ARTIFACT_NOT_FOUND', `there is no artifact ${id} in the store`)
          : error;
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
      if (isMissing(error)) throw new ForgeError('ARTIFACT_NOT_FOUND', `there is no file ${digest} in the store`);
      throw storeError(error, `read file ${digest}`);
    }
    if (range) return;
    const actual = hash.digest('hex');
    if (actual !== digest)
      throw new ForgeError('DIGEST_MISMATCH', `stored file ${digest} has digest ${actual}: it is damaged`);
  }

  async materialise(id: string, dir: string): Promise<void> {
    const target = resolve(dir);
    const { files } = await this.manifest(id);
    await attempt(`write artifact ${id} to ${target}`, async () => {
      if (
        await access(target).then(
          () => true,
          () => false,
        )
      ) {
        throw new ForgeError('FILE_EXISTS', `${target} exists already; nothing was written`);
      }
      const temporary = `${target}.${randomUUID()}.tmp`;
      try {
        await mkdir(temporary, { recursive: true });
        for (const { name, digest } of files) {
          await mkdir(dirname(join(temporary, name)), { recursive: true });
          await pipeline(this.readFile(digest), createWriteStream(join(temporary, name)));
        }
        await rename(temporary, target);
      } catch (error) {
        await rm(temporary, { recursive: true, force: true });
        throw error;
      }
    });
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

/** Digests come from outside and become paths: nothing else gets through. */
function assertDigest(value: string): string {
  if (isDigest(value)) return value;
  throw new ForgeError('ARTIFACT_NOT_FOUND', 'an artifact or file is named by 64 hexadecimal digits');
}

function isMissing(error: unknown): boolean {
  return (error as NodeJS.ErrnoException).code === 'ENOENT';
}

async function attempt<T>(doing: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    throw storeError(error, doing);
  }
}
