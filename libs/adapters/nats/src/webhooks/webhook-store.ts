import { Kvm, type KV } from '@nats-io/kv';
import type { NatsConnection } from '@nats-io/transport-node';
import { insist } from '../insist.js';
import { DELIVERY_BUCKET, WEBHOOK_BUCKET } from '../stream-names.js';
import { deliveryId, type StoredDelivery, type StoredWebhook } from './webhook.js';

/** Webhooks and the log of their deliveries. Names are ids, which the caller has checked. */
export class WebhookStore {
  private constructor(
    private readonly connection: NatsConnection,
    private readonly webhooks: KV,
    private readonly deliveries: KV,
  ) {}

  /** Opens the buckets; they exist. @throws ForgeError BROKER_UNAVAILABLE */
  static open(connection: NatsConnection): Promise<WebhookStore> {
    return insist(connection, 'open the webhooks', async () => {
      const kvm = new Kvm(connection);
      const [webhooks, deliveries] = await Promise.all([kvm.open(WEBHOOK_BUCKET), kvm.open(DELIVERY_BUCKET)]);
      return new WebhookStore(connection, webhooks, deliveries);
    });
  }

  get(tenant: string, id: string): Promise<StoredWebhook | undefined> {
    return this.#get(this.webhooks, `${tenant}.${id}`);
  }

  /** Those of a tenant, oldest first. */
  async list(tenant: string): Promise<StoredWebhook[]> {
    const keys = await this.#keys(this.webhooks, `${tenant}.*`);
    return this.#getAll<StoredWebhook>(this.webhooks, keys.sort());
  }

  async put(webhook: StoredWebhook): Promise<void> {
    await this.#put(this.webhooks, `${webhook.tenant}.${webhook.id}`, webhook);
  }

  /** Forgets a webhook and the log of its deliveries. */
  async remove(tenant: string, id: string): Promise<void> {
    await this.#purge(this.webhooks, `${tenant}.${id}`);
    for (const key of await this.#keys(this.deliveries, `${tenant}.${id}.*`)) await this.#purge(this.deliveries, key);
  }

  delivery(tenant: string, webhook: string, id: string): Promise<StoredDelivery | undefined> {
    return this.#get(this.deliveries, `${tenant}.${webhook}.${id}`);
  }

  /** At most `limit` deliveries, newest first, of those older than the one named. */
  async listDeliveries(tenant: string, webhook: string, limit: number, after?: string): Promise<StoredDelivery[]> {
    const keys = (await this.#keys(this.deliveries, `${tenant}.${webhook}.*`)).sort().reverse();
    const behind = after === undefined ? keys : keys.filter((key) => key < `${tenant}.${webhook}.${after}`);
    return this.#getAll<StoredDelivery>(this.deliveries, behind.slice(0, limit));
  }

  async putDelivery(tenant: string, webhook: string, delivery: StoredDelivery): Promise<void> {
    await this.#put(this.deliveries, `${tenant}.${webhook}.${deliveryId(delivery.sequence)}`, delivery);
  }

  #keys(bucket: KV, filter: string): Promise<string[]> {
    return insist(this.connection, 'list the webhooks', async () => {
      const keys: string[] = [];
      for await (const key of await bucket.keys(filter)) keys.push(key);
      return keys;
    });
  }

  async #getAll<T>(bucket: KV, keys: readonly string[]): Promise<T[]> {
    const found = await Promise.all(keys.map((key) => this.#get<T>(bucket, key)));
    return found.filter((each) => each !== undefined) as T[];
  }

  #get<T>(bucket: KV, key: string): Promise<T | undefined> {
    return insist(this.connection, 'read a webhook', async () => {
      const entry = await bucket.get(key);
      return entry?.operation === 'PUT' ? entry.json<T>() : undefined;
    });
  }

  async #put(bucket: KV, key: string, value: object): Promise<void> {
    await insist(this.connection, 'keep a webhook', () => bucket.put(key, JSON.stringify(value)));
  }

  async #purge(bucket: KV, key: string): Promise<void> {
    await insist(this.connection, 'forget a webhook', () => bucket.purge(key));
  }
}
