import { createHash, randomUUID } from 'node:crypto';
import { jetstream, jetstreamManager, type JetStreamClient, type JetStreamManager } from '@nats-io/jetstream';
import { Objm } from '@nats-io/obj';
import { headers, type NatsConnection } from '@nats-io/transport-node';
import { ForgeError } from '@agent-forge/contracts';
import { insist, isSequenceConflict, readBatch, SEND_TIMEOUT_MS } from '@agent-forge/nats';
import { CHUNK_HEADER, objectDigest, parseObject, type StoredObject } from './stored-object.js';

/** Large chunks are three to ten times as fast as the client's 128 KiB; with its headers one must stay below the broker's usual limit of 1 MiB. */
const CHUNK_BYTES = 1000 * 1024;
const CHUNK_HEADER_BYTES = 1024;
/** Metadata in one answer. */
const LIST_BATCH = 256;

/** Chunks that are stored but that no object names yet. */
export interface WrittenChunks {
  readonly nuid: string;
  /** SHA-256 in hexadecimal digits. */
  readonly digest: string;
  readonly size: number;
  readonly chunks: number;
  readonly chunkBytes: number;
  readonly firstSequence: number;
}

/**
 * A bucket of JetStream's object store, in the layout that all its clients share. It writes and reads for itself, because the client's own
 * `put` must know the name before it has seen the content, and its `get` buffers all that the reader has not taken yet.
 */
export class Bucket {
  private constructor(
    readonly connection: NatsConnection,
    readonly name: string,
    readonly client: JetStreamClient,
    readonly manager: JetStreamManager,
  ) {}

  /** Opens a bucket, and makes it when there is none. */
  static async open(connection: NatsConnection, name: string, replicas: number): Promise<Bucket> {
    return insist(connection, `open bucket ${name}`, async () => {
      const client = jetstream(connection, { timeout: SEND_TIMEOUT_MS });
      await new Objm(client).create(name, {
        replicas,
        description: 'Artifacts of Agent Forge, named by their content.',
      });
      return new Bucket(connection, name, client, await jetstreamManager(connection, { timeout: SEND_TIMEOUT_MS }));
    });
  }

  /** The stream that holds the bucket. */
  get stream(): string {
    return `OBJ_${this.name}`;
  }

  /** Size of every chunk that is written, but the last of an object. */
  get chunkBytes(): number {
    const maxPayload = this.connection.info?.max_payload ?? CHUNK_BYTES + CHUNK_HEADER_BYTES;
    return Math.min(CHUNK_BYTES, maxPayload - CHUNK_HEADER_BYTES);
  }

  /** The subject of the chunks of an object, or of all. */
  chunkSubject(nuid = '>'): string {
    return `$O.${this.name}.C.${nuid}`;
  }

  #metaSubject(name: string): string {
    return `$O.${this.name}.M.${Buffer.from(name).toString('base64').replaceAll('+', '-').replaceAll('/', '_')}`;
  }

  /** An object by its name. */
  info(name: string): Promise<StoredObject | undefined> {
    return insist(this.connection, `look for ${name}`, async () => {
      const message = await this.manager.streams.getMessage(this.stream, { last_by_subj: this.#metaSubject(name) });
      return message === null ? undefined : parseObject(message);
    });
  }

  /** All objects whose names begin so, sorted by name. */
  async list(prefix: string): Promise<StoredObject[]> {
    const found = new Map<string, StoredObject>();
    for (let seq = 1, isLast = false; !isLast;) {
      const from = { seq, next_by_subj: `$O.${this.name}.M.>` };
      const answer = await insist(this.connection, 'list the bucket', () =>
        readBatch(this.manager, this.stream, from, SEND_TIMEOUT_MS, LIST_BATCH),
      );
      for (const message of answer.messages) {
        const object = parseObject(message);
        if (object?.name.startsWith(prefix)) found.set(object.name, object);
        seq = message.seq + 1;
      }
      ({ isLast } = answer);
    }
    return [...found.values()].sort((a, b) => (a.name < b.name ? -1 : 1));
  }

  /**
   * Stores the chunks of a stream, each on disk before the next is taken; when that fails none is left.
   * @throws ForgeError PAYLOAD_TOO_LARGE, and what the source throws
   */
  async write(source: AsyncIterable<Uint8Array> | Iterable<Uint8Array>, maxBytes: number): Promise<WrittenChunks> {
    const nuid = randomUUID().replaceAll('-', '');
    const { chunkBytes } = this;
    const hash = createHash('sha256');
    const chunk = Buffer.allocUnsafe(chunkBytes);
    let [filled, size, chunks, firstSequence] = [0, 0, 0, 1];
    const flush = async () => {
      const sequence = await this.#publishChunk(nuid, chunks, chunk.subarray(0, filled));
      if (chunks === 0) firstSequence = sequence;
      [filled, chunks] = [0, chunks + 1];
    };
    try {
      for await (const part of source) {
        size += part.length;
        if (size > maxBytes) throw new ForgeError('PAYLOAD_TOO_LARGE', `the file is over ${maxBytes} bytes`);
        hash.update(part);
        for (let taken = 0; taken < part.length;) {
          const length = Math.min(part.length - taken, chunkBytes - filled);
          chunk.set(part.subarray(taken, taken + length), filled);
          [taken, filled] = [taken + length, filled + length];
          if (filled === chunkBytes) await flush();
        }
      }
      if (filled > 0) await flush();
    } catch (error) {
      await this.abandon(nuid);
      throw error;
    }
    return { nuid, digest: hash.digest('hex'), size, chunks, chunkBytes, firstSequence };
  }

  async #publishChunk(nuid: string, number: number, data: Uint8Array): Promise<number> {
    const fields = headers();
    fields.set(CHUNK_HEADER, String(number));
    // With an id, a chunk whose answer was lost is stored once.
    const options = { headers: fields, msgID: `${nuid}.${number}`, timeout: SEND_TIMEOUT_MS };
    const send = () => this.client.publish(this.chunkSubject(nuid), data, options);
    return (await insist(this.connection, 'store a chunk', send)).seq;
  }

  /**
   * Gives chunks a name.
   * @param expected revision of the object that has the name now; 0 when none has
   * @returns false when somebody else was faster
   */
  nameChunks(
    name: string,
    { nuid, digest, size, chunks, chunkBytes, firstSequence }: WrittenChunks,
    expected: number,
  ): Promise<boolean> {
    return this.#publishMeta(
      {
        name,
        nuid,
        size,
        chunks,
        digest: objectDigest(digest),
        options: { max_chunk_size: chunkBytes },
        metadata: { firstSequence: String(firstSequence) },
      },
      expected,
    );
  }

  /** Makes an object as young as a new one. @returns false when somebody else changed it meanwhile */
  renew({ revision, ...object }: StoredObject): Promise<boolean> {
    return this.#publishMeta(object, revision);
  }

  async #publishMeta(object: Omit<StoredObject, 'revision' | 'mtime'>, expected: number): Promise<boolean> {
    const fields = headers();
    fields.set('Nats-Rollup', 'sub');
    const meta = JSON.stringify({ ...object, bucket: this.name, mtime: new Date().toISOString(), deleted: false });
    const options = {
      headers: fields,
      msgID: randomUUID(),
      timeout: SEND_TIMEOUT_MS,
      expect: { lastSubjectSequence: expected },
    };
    try {
      await insist(this.connection, `name ${object.name}`, () =>
        this.client.publish(this.#metaSubject(object.name), meta, options),
      );
      return true;
    } catch (error) {
      if (isSequenceConflict((error as ForgeError).cause)) return false;
      throw error;
    }
  }

  /** Removes an object, unless it has been changed or renewed since it was looked at. @returns whether it did */
  async remove({ name, nuid, revision }: StoredObject): Promise<boolean> {
    const filter = this.#metaSubject(name);
    const { purged } = await insist(this.connection, `remove ${name}`, () =>
      // Up to its own message: a newer one of the same name stays.
      this.manager.streams.purge(this.stream, { filter, seq: revision + 1 }),
    );
    if (purged > 0) await this.drop(nuid);
    return purged > 0;
  }

  /** Removes chunks. */
  async drop(nuid: string): Promise<void> {
    await insist(this.connection, 'remove chunks', () =>
      this.manager.streams.purge(this.stream, { filter: this.chunkSubject(nuid) }),
    );
  }

  /** Removes chunks that will get no name; where that cannot be done now, garbage collection does it. */
  async abandon(nuid: string): Promise<void> {
    await this.drop(nuid).catch(() => undefined);
  }
}
