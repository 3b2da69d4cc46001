import type { JsMsg } from '@nats-io/jetstream';
import type { DeliveryAttempt } from '@agent-forge/contracts';
import {
  deliveryId,
  type DeliveryQueue,
  type QueuedDelivery,
  type StoredDelivery,
  type StoredWebhook,
  type WebhookStore,
} from '@agent-forge/nats';
import { backOffMs } from './back-off.js';
import { post } from './post.js';
import { signedHeaders } from './signature.js';
import type { TargetPolicy } from './target.js';

/** One slow target must not use up all that are in work. */
const MAX_AT_ONE_TARGET = 2;
/** When a delivery comes again at the earliest that found its target busy. */
const BUSY_MS = 200;
/** Those that wait for one target come again this far apart, so that thousands for a dead one cost no more than fifty a second. */
const TURN_MS = 20;
/** A broker that was restarted forgets when a delivery was due; what comes earlier than this before its time waits again. */
const EARLY_MS = 200;
/** Attempts that the log keeps of one delivery. */
const MAX_ATTEMPTS_KEPT = 10;

/** What makes deliveries. */
export interface DelivererOptions {
  readonly queue: DeliveryQueue;
  readonly store: WebhookStore;
  readonly policy: TargetPolicy;
  /** The wait before the second attempt. */
  readonly firstRetryMs: number;
}

/** Makes the deliveries that are due, and decides when one that failed is due again. */
export class Deliverer {
  readonly #inWork = new Map<string, number>();
  /** When the last of those that wait for a target comes again, in milliseconds since 1970. */
  readonly #turns = new Map<string, number>();

  constructor(private readonly options: DelivererOptions) {}

  async handle(message: JsMsg): Promise<void> {
    const queued = message.json<QueuedDelivery>();
    const { webhook: id } = queued;
    const busy = this.#inWork.get(id) ?? 0;
    if (busy >= MAX_AT_ONE_TARGET) return message.nak(this.#turnMs(id));
    this.#inWork.set(id, busy + 1);
    try {
      await this.#deliver(message, queued);
    } finally {
      const left = this.#inWork.get(id)! - 1;
      if (left > 0) this.#inWork.set(id, left);
      else this.#inWork.delete(id);
      if ((this.#turns.get(id) ?? Infinity) < Date.now()) this.#turns.delete(id);
    }
  }

  /** When a delivery may come again whose target is busy: each one behind the others. */
  #turnMs(id: string): number {
    const now = Date.now();
    const turn = Math.max(now + BUSY_MS, (this.#turns.get(id) ?? 0) + TURN_MS);
    this.#turns.set(id, turn);
    return turn - now;
  }

  async #deliver(message: JsMsg, { tenant, webhook: id, sequence, round }: QueuedDelivery): Promise<void> {
    const { store, queue } = this.options;
    const [webhook, delivery, event] = await Promise.all([
      store.get(tenant, id),
      store.delivery(tenant, id, deliveryId(sequence)),
      queue.event(sequence),
    ]);
    const isOver = delivery?.status !== 'pending' || delivery.round !== round;
    if (webhook === undefined || delivery === undefined || event === undefined || isOver) return message.ack();
    const waitMs = Date.parse(delivery.nextAttemptAt ?? '') - Date.now();
    if (waitMs > EARLY_MS) return message.nak(waitMs);
    await this.#attempt(message, webhook, delivery, event.data);
  }

  async #attempt(message: JsMsg, webhook: StoredWebhook, delivery: StoredDelivery, body: Uint8Array): Promise<void> {
    const { policy, store, firstRetryMs } = this.options;
    const key = `msg_${webhook.id}_${delivery.sequence}`;
    const headers = signedHeaders(webhook.secret, key, new Date(), body);
    const attempt = await post(policy, { url: webhook.url, headers, body });
    const waitMs = attempt.problem === undefined ? undefined : backOffMs(firstRetryMs, delivery.tries + 1, key);
    await store.putDelivery(webhook.tenant, webhook.id, after(delivery, attempt, waitMs));
    if (waitMs === undefined) message.ack();
    else message.nak(waitMs);
  }
}

/** A delivery behind one more attempt. @param waitMs until the next; undefined when there is none */
function after(delivery: StoredDelivery, attempt: DeliveryAttempt, waitMs: number | undefined): StoredDelivery {
  const { nextAttemptAt: _, ...rest } = delivery;
  const attempts = [...delivery.attempts, attempt].slice(-MAX_ATTEMPTS_KEPT);
  const tried = { ...rest, attempts, tries: delivery.tries + 1 };
  if (waitMs !== undefined) return { ...tried, nextAttemptAt: new Date(Date.now() + waitMs).toISOString() };
  return { ...tried, status: attempt.problem === undefined ? 'delivered' : 'failed' };
}
