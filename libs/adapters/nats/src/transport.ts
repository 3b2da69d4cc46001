import { setTimeout as sleep } from 'node:timers/promises';
import { jetstream, type Consumer, type ConsumerMessages, type JsMsg } from '@nats-io/jetstream';
import { Server, type CustomTransportStrategy } from '@nestjs/microservices';
import type { NatsConnection } from '@nats-io/transport-node';
import { lastValueFrom } from 'rxjs';
import { decodeEvent, ForgeError, type ForgeEvent } from '@agent-forge/contracts';
import { retryDelayMs } from '@agent-forge/run';
import { HEARTBEAT_MS } from './consumers.js';
import { JetStreamContext, type Settlement } from './context.js';
import { keepDeadLetter } from './dead-letters.js';
import { PULL_EXPIRES_MS, PULL_HEARTBEAT_MS } from './pull.js';
import { LOG_STREAM } from './streams.js';

/** Between pulls while the broker is away. */
const PULL_RETRY_MS = 250;
/** A message that came this often was never settled in any way: whoever took it died of it. */
const MAX_DELIVERIES = 50;

/** What {@link JetStreamStrategy} is told. */
export interface JetStreamStrategyOptions {
  connection: NatsConnection;
  /** The durable consumer of the run log to pull from; it exists. */
  consumer: string;
  /** Messages handled at the same time (default 1). */
  concurrency?: number;
  /** Hears of what went wrong with a message, for the log. */
  onError?: (error: ForgeError, message: JsMsg | undefined) => void;
}

/**
 * A NestJS transport over a JetStream pull consumer: handlers are `@EventPattern` methods, named by the event (`phase.completed`), that get the
 * decoded event and a {@link JetStreamContext}. A message is pulled only when there is time for it, is kept alive by heartbeats while its
 * handler works, and is settled by what the handler returns or throws: a transient error delivers it again later, any other error moves it to
 * the dead-letter stream.
 */
export class JetStreamStrategy extends Server implements CustomTransportStrategy {
  readonly #options: JetStreamStrategyOptions;
  readonly #shutdown = new AbortController();
  readonly #pulls = new Set<ConsumerMessages>();
  #loops: Promise<void>[] = [];

  constructor(options: JetStreamStrategyOptions) {
    super();
    this.#options = options;
  }

  listen(callback: () => void): void {
    this.#loops = Array.from({ length: this.#options.concurrency ?? 1 }, () => this.#pullLoop());
    callback();
  }

  /** Stops pulling, tells the handlers at work to end, and waits until their messages are settled. */
  async close(): Promise<void> {
    this.#shutdown.abort();
    for (const pull of this.#pulls) pull.stop();
    await Promise.all(this.#loops);
  }

  on(event: string): never {
    throw new ForgeError('INVALID_ARGUMENT', `the JetStream transport has no event "${event}"`);
  }

  unwrap<T>(): T {
    return this.#options.connection as T;
  }

  async #pullLoop(): Promise<void> {
    const { connection, consumer: name } = this.#options;
    let consumer: Consumer | undefined;
    while (!this.#shutdown.signal.aborted && !connection.isClosed()) {
      try {
        consumer ??= await jetstream(connection).consumers.get(LOG_STREAM, name);
        const message = await this.#pull(consumer);
        if (message) await this.#handle(message);
      } catch (error) {
        consumer = undefined;
        if (this.#shutdown.signal.aborted) return;
        this.#options.onError?.(
          new ForgeError('BROKER_UNAVAILABLE', `cannot pull from ${name}: ${text(error)}`, error),
          undefined,
        );
        await sleep(PULL_RETRY_MS);
      }
    }
  }

  async #pull(consumer: Consumer): Promise<JsMsg | undefined> {
    const pull = await consumer.fetch({ max_messages: 1, expires: PULL_EXPIRES_MS, idle_heartbeat: PULL_HEARTBEAT_MS });
    this.#pulls.add(pull);
    if (this.#shutdown.signal.aborted) pull.stop();
    try {
      for await (const message of pull) return message;
      return undefined;
    } finally {
      this.#pulls.delete(pull);
    }
  }

  async #handle(message: JsMsg): Promise<void> {
    if (this.#shutdown.signal.aborted) return message.nak();
    const heartbeat = setInterval(() => message.working(), HEARTBEAT_MS);
    try {
      await this.#settle(message, await this.#dispatch(message));
    } catch (thrown) {
      const error = ForgeError.from(thrown);
      this.#options.onError?.(error, message);
      if (error.retry === 'permanent') await this.#bury(message, error);
      else message.nak(retryDelayMs(message.info.deliveryCount));
    } finally {
      clearInterval(heartbeat);
    }
  }

  async #dispatch(message: JsMsg): Promise<Settlement> {
    const { deliveryCount } = message.info;
    if (deliveryCount > MAX_DELIVERIES) {
      throw new ForgeError('ATTEMPTS_EXHAUSTED', `it was delivered ${deliveryCount} times and never settled`);
    }
    const event: ForgeEvent = decodeEvent(message.subject, message.data);
    const handler = this.getHandlerByPattern(event.name);
    if (!handler) throw new ForgeError('INVALID_EVENT', `${this.#options.consumer} has no handler for ${event.name}`);
    const context = new JetStreamContext(message, this.#shutdown.signal);
    return lastValueFrom(this.transformToObservable(await handler(event, context)) as never);
  }

  async #settle(message: JsMsg, settlement: Settlement): Promise<void> {
    if (settlement.do === 'ack') {
      // Waits for the broker's word, so that a message is not handled again only because the ack was lost. It may come again all the same.
      await message.ackAck();
    } else if (settlement.do === 'retry') message.nak(settlement.delayMs);
    else if (settlement.do === 'bury') await this.#bury(message, settlement.cause);
  }

  async #bury(message: JsMsg, cause: ForgeError): Promise<void> {
    const { connection, consumer } = this.#options;
    try {
      await keepDeadLetter(connection, consumer, message, cause);
      await message.ackAck();
    } catch (error) {
      this.#options.onError?.(ForgeError.from(error), message);
      message.nak(retryDelayMs(message.info.deliveryCount));
    }
  }
}

function text(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
