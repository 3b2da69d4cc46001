import { Injectable, type OnApplicationBootstrap, type OnApplicationShutdown } from '@nestjs/common';
import {
  ForgeError,
  isId,
  WEBHOOK_EVENTS,
  type Caller,
  type DeliveryList,
  type DeliveryView,
  type NewWebhook,
  type WebhookRequest,
  type WebhookView,
} from '@agent-forge/contracts';
import type { DeliveryQueue, StoredDelivery, StoredWebhook, WebhookStore } from '@agent-forge/nats';
import type { Logger } from '@agent-forge/runtime';
import { Deliverer } from './deliverer.js';
import { FanOut } from './fan-out.js';
import { PullLoop } from './pull-loop.js';
import { makeSecret } from './signature.js';
import type { TargetPolicy } from './target.js';

/** Each costs a delivery for every event. */
const MAX_WEBHOOKS = 20;
const EVENTS_AT_ONCE = 32;
const DELIVERIES_AT_ONCE = 32;

/** What webhooks are made of. */
export interface WebhooksOptions {
  readonly queue: DeliveryQueue;
  readonly store: WebhookStore;
  readonly policy: TargetPolicy;
  readonly firstRetryMs: number;
  readonly logger: Logger;
}

/** Webhooks of all tenants: made and removed by callers, and served for as long as the gateway lives. */
@Injectable()
export class Webhooks implements OnApplicationBootstrap, OnApplicationShutdown {
  readonly #fanOut: FanOut;
  readonly #loops: readonly PullLoop[];

  constructor(private readonly options: WebhooksOptions) {
    const { queue, store, logger } = options;
    this.#fanOut = new FanOut(queue, store);
    const deliverer = new Deliverer(options);
    this.#loops = [
      new PullLoop({
        queue,
        logger,
        what: 'events',
        concurrency: EVENTS_AT_ONCE,
        handle: (m) => this.#fanOut.handle(m),
      }),
      new PullLoop({
        queue,
        logger,
        what: 'deliveries',
        concurrency: DELIVERIES_AT_ONCE,
        handle: (m) => deliverer.handle(m),
      }),
    ];
  }

  onApplicationBootstrap(): void {
    for (const loop of this.#loops) loop.start();
  }

  async onApplicationShutdown(): Promise<void> {
    await Promise.all(this.#loops.map((loop) => loop.stop()));
  }

  /** @param id of the new webhook. @throws ForgeError INVALID_ARGUMENT for a target that is not allowed, or one webhook too many */
  async create(
    { tenant, subject }: Caller,
    { url, events = WEBHOOK_EVENTS }: WebhookRequest,
    id: string,
  ): Promise<NewWebhook> {
    const { store, policy } = this.options;
    await policy.check(url);
    if ((await store.list(tenant)).length >= MAX_WEBHOOKS)
      throw new ForgeError('INVALID_ARGUMENT', `there are ${MAX_WEBHOOKS} webhooks already; remove one first`);
    const createdAt = new Date().toISOString();
    const webhook = { id, url, events: [...new Set(events)], createdBy: subject, createdAt, secret: makeSecret() };
    await store.put({ tenant, ...webhook });
    this.#fanOut.changed(tenant);
    return webhook;
  }

  async list({ tenant }: Caller): Promise<WebhookView[]> {
    return (await this.options.store.list(tenant)).map(viewOf);
  }

  /** @throws ForgeError NOT_FOUND, as all below */
  async get(caller: Caller, id: string): Promise<WebhookView> {
    return viewOf(await this.#stored(caller, id));
  }

  /** Ends a webhook, with what waits to be delivered and the log of what was. */
  async remove(caller: Caller, id: string): Promise<void> {
    const { tenant } = await this.#stored(caller, id);
    await this.options.store.remove(tenant, id);
    await this.options.queue.forget(tenant, id);
    this.#fanOut.changed(tenant);
  }

  async deliveries(caller: Caller, id: string, limit: number, after?: string): Promise<DeliveryList> {
    const { tenant } = await this.#stored(caller, id);
    const found = await this.options.store.listDeliveries(tenant, id, limit + 1, after);
    const deliveries = found.slice(0, limit).map(deliveryView);
    return found.length > limit ? { deliveries, next: deliveries.at(-1)!.id } : { deliveries };
  }

  /** Delivers an event once more and at once, with as many attempts as at first; what was still to come of an earlier round is void. */
  async redeliver(caller: Caller, id: string, deliveryName: string): Promise<DeliveryView> {
    const { tenant } = await this.#stored(caller, id);
    const { store, queue } = this.options;
    const delivery = isId(deliveryName) ? await store.delivery(tenant, id, deliveryName) : undefined;
    if (delivery === undefined) throw new ForgeError('NOT_FOUND', 'there is no such delivery');
    const { nextAttemptAt: _, ...rest } = delivery;
    const round = delivery.round + 1;
    const again: StoredDelivery = { ...rest, status: 'pending', round, tries: 0 };
    await store.putDelivery(tenant, id, again);
    await queue.publish({ tenant, webhook: id, sequence: delivery.sequence, round });
    return deliveryView(again);
  }

  async #stored({ tenant }: Caller, id: string): Promise<StoredWebhook> {
    const webhook = isId(id) ? await this.options.store.get(tenant, id) : undefined;
    if (webhook === undefined) throw new ForgeError('NOT_FOUND', 'there is no such webhook');
    return webhook;
  }
}

function viewOf({ id, url, events, createdBy, createdAt }: StoredWebhook): WebhookView {
  return { id, url, events, createdBy, createdAt };
}

function deliveryView({ id, event, run, status, attempts, nextAttemptAt }: StoredDelivery): DeliveryView {
  return { id, event, run, status, attempts, ...(nextAttemptAt === undefined ? {} : { nextAttemptAt }) };
}
