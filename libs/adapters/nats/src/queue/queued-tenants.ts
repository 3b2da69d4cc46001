import { JetStreamApiError } from '@nats-io/jetstream';
import { Kvm, type KV } from '@nats-io/kv';
import type { NatsConnection } from '@nats-io/transport-node';
import { isSequenceConflict } from '../errors.js';
import { insist } from '../insist.js';
import { QUEUE_BUCKET } from '../stream-names.js';

/** The tenants that have ever asked for a run: for each of them every phase has a queue. */
export class QueuedTenants {
  readonly #noted = new Set<string>();
  #bucket: Promise<KV> | undefined;

  constructor(private readonly connection: NatsConnection) {}

  /** Notes a tenant, before its first run is in the log. @throws ForgeError BROKER_UNAVAILABLE */
  async note(tenant: string): Promise<void> {
    if (this.#noted.has(tenant)) return;
    const bucket = await this.#open();
    await insist(this.connection, 'note a tenant', async () => {
      try {
        await bucket.create(tenant, '');
      } catch (error) {
        if (!(error instanceof JetStreamApiError) || !isSequenceConflict(error)) throw error;
      }
    });
    this.#noted.add(tenant);
  }

  /** Hears of every tenant, those of before first. @returns the way to stop */
  async watch(onTenant: (tenant: string) => void): Promise<() => void> {
    const bucket = await this.#open();
    const entries = await insist(this.connection, 'watch tenants', () => bucket.watch());
    const following = (async () => {
      for await (const { key } of entries) onTenant(key);
    })();
    // A watch that ends early is no loss: there is word of new events by another way too.
    following.catch(() => undefined);
    return () => entries.stop();
  }

  #open(): Promise<KV> {
    return (this.#bucket ??= insist(this.connection, 'open the bucket of queues', () =>
      new Kvm(this.connection).open(QUEUE_BUCKET),
    ));
  }
}
