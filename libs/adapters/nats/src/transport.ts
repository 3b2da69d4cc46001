import { setTimeout as sleep } from 'node:timers/promises';
import { Server, type CustomTransportStrategy } from '@nestjs/microservices';
import type { NatsConnection } from '@nats-io/transport-node';
import { lastValueFrom } from 'rxjs';
import { decodeEvent, ForgeError, type ForgeEvent } from '@agent-forge/contracts';
import { retryDelayMs } from '@agent-forge/run';
import { HEARTBEAT_MS } from './consumers.js';
import { JetStreamContext } from './context.js';
import { keepDeadLetter } from './dead-letters.js';
import type { Delivered } from './queue/delivered.js';
import type { PhaseQueue } from './queue/phase-queue.js';
import type { Settlement } from './settlement.js';

/** Between pulls while the broker is away. */
const PULL_RETRY_MS = 250;
/** A message that came this often was never settled in any way: whoever took it died of it. */
const MAX_DELIVERIES = 50;

/** What {@link JetStreamStrategy} is told. */
export interface JetStreamStrategyOptions {
  connection: NatsConnection;
  /** Where messages come from; it is open. */
  queue: PhaseQueue;
  /** Messages handled at the same time (default 1). */
  concurrency?: number;
  /** Hears of what went wrong with a message, for the log. */
  onError?: (error: ForgeError, message: Delivered | undefined) => void;
}

/**
 * A NestJS transport over the queue of a phase: handlers are `@EventPattern` methods, named by the event (`phase.completed`), that get the
 * decoded event and a {@link JetStreamContext}. A message is pulled only when there is time for it, is kept alive by heartbeats while its
 * handler works, and is settled by what the handler returns or throws: a transient error delivers it again later, any other error moves it to
 * the dead-letter stream.
 */
export class JetStreamStrategy extends Server implements CustomTransportStrategy {
  readonly #options: JetStreamStrategyOptions;
  readonly #shutdown = new AbortController();
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
    await Promise.all(this.#loops);
    this.#options.queue.close();
  }

  on(event: string): never {
    throw new ForgeError('INVALID_ARGUMENT', `the JetStream transport has no event "${event}"`);
  }

  unwrap<T>(): T {
    return this.#options.connection as T;
  }

  async #pullLoop(): Promise<void> {
    const { connection, queue, onError } = this.#options;
    const { signal } = this.#shutdown;
    while (!signal.aborted && !connection.isClosed()) {
      try {
        const message = await queue.next(signal);
        if (message) await this.#handle(message);
      } catch (error) {
        if (signal.aborted) return;
        onError?.(ForgeError.from(error), undefined);
        await sleep(PULL_RETRY_MS);
      }
    }
  }

  async #handle(message: Delivered): Promise<void> {
    if (this.#shutdown.signal.aborted) return message.nak();
    const heartbeat = setInterval(() => message.working(), HEARTBEAT_MS);
    try {
      await this.#settle(message, await this.#dispatch(message));
    } catch (thrown) {
      const error = ForgeError.from(thrown);
      this.#options.onError?.(error, message);
      if (error.retry === 'permanent') await this.#bury(message, error);
      else message.nak(retryDelayMs(message.deliveryCount));
    } finally {
      clearInterval(heartbeat);
    }
  }

  async #dispatch(message: Delivered): Promise<Settlement> {
    const { deliveryCount } = message;
    if (deliveryCount > MAX_DELIVERIES) {
      throw new ForgeError('ATTEMPTS_EXHAUSTED', `it was delivered ${deliveryCount} times and never settled`);
    }
    const event: ForgeEvent = decodeEvent(message.subject, message.data);
    const handler = this.getHandlerByPattern(event.name);
    if (!handler)
      throw new ForgeError('INVALID_EVENT', `${this.#options.queue.phase} has no handler for ${event.name}`);
    const context = new JetStreamContext(message, this.#shutdown.signal);
    return lastValueFrom(this.transformToObservable(await handler(event, context)) as never);
  }

  async #settle(message: Delivered, settlement: Settlement): Promise<void> {
    if (settlement.do === 'ack') {
      // Waits for the broker's word, so that a message is not handled again only because the ack was lost. It may come again all the same.
      await message.ackAck();
    } else if (settlement.do === 'retry') message.nak(settlement.delayMs);
    else if (settlement.do === 'bury') await this.#bury(message, settlement.cause);
  }

  async #bury(message: Delivered, cause: ForgeError): Promise<void> {
    const { connection, queue } = this.#options;
    try {
      await keepDeadLetter(connection, `phase-${queue.phase}`, message, cause);
      await message.ackAck();
    } catch (error) {
      this.#options.onError?.(ForgeError.from(error), message);
      message.nak(retryDelayMs(message.deliveryCount));
    }
  }
}
