import type { JsMsg } from '@nats-io/jetstream';
import { decodeEvent, isId, type LogEvent } from '@agent-forge/contracts';
import { deliveryId, type DeliveryQueue, type StoredWebhook, type WebhookStore } from '@agent-forge/nats';

/** Webhooks are few and change seldom: one made at another gateway is heard of after this time. */
const CACHE_MS = 1_000;

/** Makes a delivery of each event for each webhook that asks for it. */
export class FanOut {
  readonly #known = new Map<string, { webhooks: StoredWebhook[]; untilMs: number }>();

  constructor(
    private readonly queue: DeliveryQueue,
    private readonly store: WebhookStore,
  ) {}

  /** Forgets what is known of a tenant, whose webhooks have changed here. */
  changed(tenant: string): void {
    this.#known.delete(tenant);
  }

  async handle(message: JsMsg): Promise<void> {
    // Most installations have no webhooks: their events are not even decoded.
    const webhooks = await this.#webhooksOf(message.subject.split('.')[2]!);
    const event = webhooks.length === 0 ? undefined : logEvent(message);
    for (const webhook of webhooks)
      if (event && webhook.events.includes(event.name)) await this.#queue(webhook, event, message.seq);
    message.ack();
  }

  async #queue({ tenant, id: webhook }: StoredWebhook, event: LogEvent, sequence: number): Promise<void> {
    const id = deliveryId(sequence);
    const { name, run } = event;
    if ((await this.store.delivery(tenant, webhook, id)) === undefined) {
      const delivery = { id, event: name, run, status: 'pending', attempts: [], sequence, round: 0, tries: 0 } as const;
      await this.store.putDelivery(tenant, webhook, { ...delivery, attempts: [] });
    }
    await this.queue.publish({ tenant, webhook, sequence, round: 0 });
  }

  async #webhooksOf(tenant: string): Promise<StoredWebhook[]> {
    const known = this.#known.get(tenant);
    if (known && known.untilMs > Date.now()) return known.webhooks;
    const webhooks = isId(tenant) ? await this.store.list(tenant) : [];
    this.#known.set(tenant, { webhooks, untilMs: Date.now() + CACHE_MS });
    return webhooks;
  }
}

/** What is no event of ours concerns no webhook. */
function logEvent({ subject, data }: JsMsg): LogEvent | undefined {
  try {
    const event = decodeEvent(subject, data);
    return event.name === 'phase.progress' ? undefined : event;
  } catch {
    return undefined;
  }
}
