import { JetStreamApiError } from '@nats-io/jetstream';
import { Kvm, type KV } from '@nats-io/kv';
import type { NatsConnection } from '@nats-io/transport-node';
import { canonicalJson, type Json, type RecordStore, type Stored } from '@agent-forge/contracts';
import { isSequenceConflict } from '../errors.js';
import { insist } from '../insist.js';

/** Records in a key-value bucket. Keys are made of ids, which the caller has checked. */
export class NatsRecords implements RecordStore {
  private constructor(
    private readonly connection: NatsConnection,
    private readonly bucket: KV,
  ) {}

  /** Opens a bucket; it exists. @throws ForgeError BROKER_UNAVAILABLE */
  static open(connection: NatsConnection, name: string): Promise<NatsRecords> {
    return insist(connection, `open the bucket ${name}`, async () => {
      return new NatsRecords(connection, await new Kvm(connection).open(name));
    });
  }

  get<T>(key: string): Promise<Stored<T> | undefined> {
    return insist(this.connection, 'read a record', async () => {
      const entry = await this.bucket.get(key);
      return entry?.operation === 'PUT' ? { value: entry.json<T>(), revision: entry.revision } : undefined;
    });
  }

  async list<T>(prefix: string): Promise<T[]> {
    const keys = await insist(this.connection, 'list records', async () => {
      const found: string[] = [];
      for await (const key of await this.bucket.keys(`${prefix}.*`)) found.push(key);
      return found.sort();
    });
    const records = await Promise.all(keys.map((key) => this.get<T>(key)));
    return records.flatMap((record) => (record === undefined ? [] : [record.value]));
  }

  create(key: string, value: object): Promise<boolean> {
    return this.#write(key, value, (text) => this.bucket.create(key, text));
  }

  update(key: string, value: object, revision: number): Promise<boolean> {
    return this.#write(key, value, (text) => this.bucket.update(key, text, revision));
  }

  async remove(key: string): Promise<void> {
    await insist(this.connection, 'forget a record', () => this.bucket.purge(key));
  }

  #write(key: string, value: object, send: (text: string) => Promise<number>): Promise<boolean> {
    const text = canonicalJson(value as Json);
    let sends = 0;
    return insist(this.connection, 'keep a record', async () => {
      try {
        sends += 1;
        await send(text);
        return true;
      } catch (error) {
        if (!(error instanceof JetStreamApiError) || !isSequenceConflict(error)) throw error;
        // Our own, whose answer was lost: then what is there is what we wrote.
        return sends > 1 && (await this.bucket.get(key))?.string() === text;
      }
    });
  }
}
