import { createHash } from 'node:crypto';
import type { NatsConnection } from '@nats-io/transport-node';
import { assertDigest, attempt, materialise, noArtifact, noFile, putFolder } from '@agent-forge/artifacts-fs';
import {
  decodeManifest,
  encodeManifest,
  ForgeError,
  type ArtifactHead,
  type ArtifactName,
  type ArtifactStore,
  type CollectOptions,
  type Garbage,
  type Manifest,
  type StoredFile,
} from '@agent-forge/contracts';
import { ARTIFACT_BUCKET } from '@agent-forge/nats';
import { Bucket } from './bucket.js';
import { collect } from './collect.js';
import { readObject } from './read-object.js';
import type { StoredObject } from './stored-object.js';

/** Times that a name is tried while others put the same content; each loss means that another made progress. */
const MAX_CONFLICTS = 100;

/** What {@link NatsArtifactStore.open} may be told. */
export interface NatsArtifactStoreOptions {
  /** Its name (default: that of an installation). */
  readonly bucket?: string;
  /** Copies of each message in a cluster (default 1). */
  readonly replicas?: number;
}

/**
 * The artifact store in JetStream's object store: objects `files/<digest>` and `manifests/<id>` of one bucket. Chunks are stored first and get their
 * name when their digest is known, by one compare-and-set; what never gets one is garbage.
 */
export class NatsArtifactStore implements ArtifactStore {
  private constructor(private readonly bucket: Bucket) {}

  /** Opens the store, making its bucket. The connection stays the caller's. @throws ForgeError STORE_UNAVAILABLE */
  static open(connection: NatsConnection, options: NatsArtifactStoreOptions = {}): Promise<NatsArtifactStore> {
    const { bucket = ARTIFACT_BUCKET, replicas = 1 } = options;
    return attempt('be opened', async () => new NatsArtifactStore(await Bucket.open(connection, bucket, replicas)));
  }

  putFile(
    source: AsyncIterable<Uint8Array> | Iterable<Uint8Array>,
    maxBytes = Number.MAX_SAFE_INTEGER,
  ): Promise<StoredFile> {
    return attempt('keep a file', () => this.#put('files', source, maxBytes));
  }

  putManifest(manifest: Manifest): Promise<string> {
    return attempt('keep a manifest', async () => {
      const { id, bytes } = encodeManifest(manifest);
      for (const { name, digest } of manifest.files) {
        if ((await this.bucket.info(`files/${digest}`)) === undefined) throw noFile(digest, `${name} of a manifest`);
      }
      await this.#put('manifests', [bytes], bytes.length);
      return id;
    });
  }

  putFolder(dir: string, role: string, head: ArtifactHead): Promise<ArtifactName> {
    return putFolder(this, dir, role, head);
  }

  manifest(id: string): Promise<Manifest> {
    return attempt(`read artifact ${id}`, async () => this.#decode(id, await this.#manifestObject(id)));
  }

  async *list(): AsyncGenerator<string> {
    const objects = await attempt('be listed', () => this.bucket.list('manifests/'));
    yield* objects.map(({ name }) => name.slice('manifests/'.length));
  }

  async *readFile(digest: string, range?: { start: number; end: number }): AsyncGenerator<Uint8Array> {
    const doing = `read file ${digest}`;
    const object = await attempt(doing, () => this.bucket.info(`files/${assertDigest(digest)}`));
    if (object === undefined) throw noFile(digest);
    const hash = createHash('sha256');
    const parts = readObject(this.bucket, object, range?.start, range?.end);
    try {
      for (;;) {
        const { done, value } = await attempt(doing, () => parts.next());
        if (done) break;
        hash.update(value);
        yield value;
      }
    } finally {
      await parts.return(undefined);
    }
    if (range === undefined && hash.digest('hex') !== digest)
      throw new ForgeError('DIGEST_MISMATCH', `stored file ${digest} has another digest: it is damaged`);
  }

  materialise(id: string, dir: string): Promise<void> {
    return materialise(this, id, dir);
  }

  renew(id: string): Promise<Manifest> {
    return attempt(`renew artifact ${id}`, async () => {
      for (let conflicts = 0; conflicts < MAX_CONFLICTS; conflicts++) {
        const object = await this.#manifestObject(id);
        if (await this.bucket.renew(object)) return this.#decode(id, object);
      }
      throw busy(id);
    });
  }

  collect(options: CollectOptions): Promise<Garbage> {
    return attempt('be cleaned', () => collect(this.bucket, (id) => this.manifest(id), options));
  }

  async check(): Promise<void> {
    await attempt('be written', async () => {
      const { nuid } = await this.bucket.write([Buffer.from('check')], Infinity);
      await this.bucket.drop(nuid);
    });
  }

  async #put(
    kind: 'files' | 'manifests',
    source: AsyncIterable<Uint8Array> | Iterable<Uint8Array>,
    maxBytes: number,
  ): Promise<StoredFile> {
    const written = await this.bucket.write(source, maxBytes);
    const { nuid, digest, size: sizeBytes } = written;
    try {
      for (let conflicts = 0; conflicts < MAX_CONFLICTS; conflicts++) {
        const present = await this.bucket.info(`${kind}/${digest}`);
        // What is there and whole stays, since others may be reading it; it only becomes young.
        if (present !== undefined && (await this.#isWhole(present, digest))) {
          if (!(await this.bucket.renew(present))) continue;
          await this.bucket.drop(nuid);
          return { digest, sizeBytes };
        }
        if (!(await this.bucket.nameChunks(`${kind}/${digest}`, written, present?.revision ?? 0))) continue;
        if (present !== undefined) await this.bucket.drop(present.nuid);
        return { digest, sizeBytes };
      }
      throw busy(digest);
    } catch (error) {
      await this.bucket.abandon(nuid);
      throw error;
    }
  }

  async #isWhole(object: StoredObject, digest: string): Promise<boolean> {
    const hash = createHash('sha256');
    try {
      for await (const part of readObject(this.bucket, object)) hash.update(part);
    } catch (error) {
      if (error instanceof ForgeError && error.code === 'DIGEST_MISMATCH') return false;
      throw error;
    }
    return hash.digest('hex') === digest;
  }

  async #manifestObject(id: string): Promise<StoredObject> {
    const object = await this.bucket.info(`manifests/${assertDigest(id)}`);
    if (object === undefined) throw noArtifact(id);
    return object;
  }

  async #decode(id: string, object: StoredObject): Promise<Manifest> {
    const parts: Uint8Array[] = [];
    for await (const part of readObject(this.bucket, object)) parts.push(part);
    return decodeManifest(id, Buffer.concat(parts));
  }
}

function busy(name: string): ForgeError {
  return new ForgeError('STORE_UNAVAILABLE', `${name} is being put by too many at the same time; try again`);
}
