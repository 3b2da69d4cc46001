import {
  AckPolicy,
  DeliverPolicy,
  jetstream,
  jetstreamManager,
  type ConsumerConfig,
  type ConsumerMessages,
  type JetStreamClient,
  type JetStreamManager,
} from '@nats-io/jetstream';
import { nanos, type NatsConnection } from '@nats-io/transport-node';
import { LOG_SUBJECTS } from '@agent-forge/contracts';
import { isMessageMissing, isMissing } from '../errors.js';
import { insist, SEND_TIMEOUT_MS } from '../insist.js';
import { PULL_EXPIRES_MS, PULL_HEARTBEAT_MS } from '../pull.js';
import { DELIVERY_STREAM, LOG_STREAM } from '../stream-names.js';
import { DELIVERY_SUBJECTS, deliverySubject, type QueuedDelivery } from './webhook.js';

/** Longer than an attempt takes, with those before it that are in work. */
const ACK_WAIT_MS = 60_000;
/** Durable consumers: all gateways share them, and an event is one's that is free. */
const CONSUMERS = {
  events: {
    stream: LOG_STREAM,
    config: { durable_name: 'webhook-events', filter_subject: LOG_SUBJECTS, deliver_policy: DeliverPolicy.New },
  },
  deliveries: {
    stream: DELIVERY_STREAM,
    // A target that is down keeps its deliveries waiting; they must not use up what others need.
    config: {
      durable_name: 'webhook-deliveries',
      filter_subject: DELIVERY_SUBJECTS,
      deliver_policy: DeliverPolicy.All,
      max_ack_pending: -1,
    },
  },
} as const;

/** The queue of deliveries: what waits to be sent, and when again. The only place that decides on a repetition. */
export class DeliveryQueue {
  readonly #client: JetStreamClient;

  private constructor(
    readonly connection: NatsConnection,
    private readonly manager: JetStreamManager,
  ) {
    this.#client = jetstream(connection, { timeout: SEND_TIMEOUT_MS });
  }

  /** Opens the queue and makes its consumers; the streams exist. @throws ForgeError BROKER_UNAVAILABLE */
  static open(connection: NatsConnection): Promise<DeliveryQueue> {
    return insist(connection, 'open the queue of deliveries', async () => {
      const manager = await jetstreamManager(connection, { timeout: SEND_TIMEOUT_MS });
      for (const { stream, config } of Object.values(CONSUMERS)) await ensureConsumer(manager, stream, config);
      return new DeliveryQueue(connection, manager);
    });
  }

  /** Messages of the run log, each given to one gateway, or deliveries that are due; the reader acknowledges each. */
  consume(what: keyof typeof CONSUMERS, maxMessages: number): Promise<ConsumerMessages> {
    const { stream, config } = CONSUMERS[what];
    return insist(this.connection, `read ${what} for webhooks`, async () => {
      const consumer = await this.#client.consumers.get(stream, config.durable_name);
      const pace = { expires: PULL_EXPIRES_MS, idle_heartbeat: PULL_HEARTBEAT_MS };
      return consumer.consume({ ...pace, max_messages: maxMessages });
    });
  }

  /** Puts a delivery into the queue; the same one in the same round is put once. @throws ForgeError BROKER_UNAVAILABLE, STORE_UNAVAILABLE */
  async publish(delivery: QueuedDelivery): Promise<void> {
    const { tenant, webhook, sequence, round } = delivery;
    const msgID = `${tenant}/${webhook}/${sequence}/${round}`;
    await insist(this.connection, 'queue a delivery', () =>
      this.#client.publish(deliverySubject(tenant, webhook), JSON.stringify(delivery), { msgID }),
    );
  }

  /** Takes everything of a webhook out of the queue. */
  async forget(tenant: string, webhook: string): Promise<void> {
    const filter = deliverySubject(tenant, webhook);
    await insist(this.connection, 'forget deliveries', () => this.manager.streams.purge(DELIVERY_STREAM, { filter }));
  }

  /** An event of the run log as it was appended; undefined when there is none. */
  event(sequence: number): Promise<{ subject: string; data: Uint8Array } | undefined> {
    return insist(this.connection, 'read an event', async () => {
      try {
        return (await this.manager.streams.getMessage(LOG_STREAM, { seq: sequence })) ?? undefined;
      } catch (error) {
        if (isMessageMissing(error)) return undefined;
        throw error;
      }
    });
  }
}

async function ensureConsumer(manager: JetStreamManager, stream: string, own: Partial<ConsumerConfig>): Promise<void> {
  const config = { ack_policy: AckPolicy.Explicit, ack_wait: nanos(ACK_WAIT_MS), max_deliver: -1, ...own };
  try {
    await manager.consumers.info(stream, own.durable_name!);
  } catch (error) {
    if (!isMissing(error)) throw error;
    await manager.consumers.add(stream, config);
  }
}
