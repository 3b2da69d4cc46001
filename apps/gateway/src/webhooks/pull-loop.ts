import { setTimeout as sleep } from 'node:timers/promises';
import type { ConsumerMessages, JsMsg } from '@nats-io/jetstream';
import type { DeliveryQueue } from '@agent-forge/nats';
import type { Logger } from '@agent-forge/runtime';

/** After a consumer was lost, or what a message needs was not there. */
const RETRY_MS = 1_000;

/** What a loop reads, and what it does with it. */
export interface PullLoopOptions {
  readonly queue: DeliveryQueue;
  readonly what: 'events' | 'deliveries';
  /** Messages in work at the same time. */
  readonly concurrency: number;
  /** Settles the message, or throws, and it comes again. */
  readonly handle: (message: JsMsg) => Promise<void>;
  readonly logger: Logger;
}

/** Pulls messages for as long as the gateway lives, and hands each to its handler. */
export class PullLoop {
  readonly #busy = new Set<Promise<void>>();
  readonly #stop = new AbortController();
  #messages: ConsumerMessages | undefined;
  #running: Promise<void> | undefined;

  constructor(private readonly options: PullLoopOptions) {}

  start(): void {
    this.#running = this.#run();
  }

  /** Pulls no more, and waits until what is in work is settled. */
  async stop(): Promise<void> {
    this.#stop.abort();
    this.#messages?.stop();
    await this.#running;
    await Promise.all(this.#busy);
  }

  async #run(): Promise<void> {
    const { queue, what, concurrency, logger } = this.options;
    const { signal } = this.#stop;
    while (!signal.aborted) {
      try {
        this.#messages = await queue.consume(what, concurrency);
        if (signal.aborted) this.#messages.stop();
        for await (const message of this.#messages) {
          this.#begin(message);
          if (this.#busy.size >= concurrency) await Promise.race(this.#busy);
        }
      } catch (error) {
        logger.warn({ err: error }, `the reader of ${what} for webhooks begins again`);
      }
      await sleep(RETRY_MS, undefined, { signal }).catch(() => undefined);
    }
  }

  #begin(message: JsMsg): void {
    if (this.#stop.signal.aborted) return message.nak();
    const work = this.#handle(message).finally(() => this.#busy.delete(work));
    this.#busy.add(work);
  }

  async #handle(message: JsMsg): Promise<void> {
    try {
      await this.options.handle(message);
    } catch (error) {
      this.options.logger.warn({ err: error }, `a message of ${this.options.what} for webhooks comes again`);
      message.nak(RETRY_MS);
    }
  }
}
