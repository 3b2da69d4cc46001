import { setTimeout as sleep } from 'node:timers/promises';
import { AckPolicy, jetstream, jetstreamManager, type Consumer, type JsMsg } from '@nats-io/jetstream';
import { nanos, type NatsConnection } from '@nats-io/transport-node';
import { ForgeError } from '@agent-forge/contracts';
import { ACK_WAIT_MS, HEARTBEAT_MS } from '../consumers.js';
import { insist, SEND_TIMEOUT_MS } from '../insist.js';
import { PULL_EXPIRES_MS, PULL_HEARTBEAT_MS } from '../pull.js';
import { TASK_STREAM } from '../stream-names.js';
import { phaseTasks, type QueuedTask } from './task.js';

/** Between pulls while the broker is away. */
const PULL_RETRY_MS = 250;
/** Tasks in work at the same time, over all replicas. */
const MAX_ACK_PENDING = 10_000;

/** What becomes of a task that was handled: it leaves the queue, or comes again after `delayMs`. */
export type TaskSettlement = { do: 'ack' } | { do: 'retry'; delayMs: number };

/** Handles one task. @param delivery 1 for the first time that it was handed out */
export type TaskHandler = (task: QueuedTask, delivery: number, shutdown: AbortSignal) => Promise<TaskSettlement>;

/** Takes tasks of a phase out of the queue, one at a time, as all replicas of the phase do. */
export class TaskConsumer {
  readonly #shutdown = new AbortController();
  #stopPull: (() => void) | undefined;
  #loop: Promise<void> = Promise.resolve();

  constructor(
    private readonly connection: NatsConnection,
    private readonly phase: string,
    private readonly handler: TaskHandler,
    private readonly onError: (error: ForgeError) => void,
  ) {}

  /** Begins. @throws ForgeError BROKER_UNAVAILABLE */
  async start(): Promise<void> {
    const name = `tasks-${this.phase}`;
    await insist(this.connection, `create the consumer of tasks of ${this.phase}`, async () => {
      const { consumers } = await jetstreamManager(this.connection, { timeout: SEND_TIMEOUT_MS });
      await consumers.add(TASK_STREAM, {
        durable_name: name,
        filter_subject: phaseTasks(this.phase),
        ack_policy: AckPolicy.Explicit,
        ack_wait: nanos(ACK_WAIT_MS),
        max_deliver: -1,
        max_ack_pending: MAX_ACK_PENDING,
      });
    });
    this.#loop = this.#run(name);
  }

  /** Takes no more, tells the task in work to end, and waits until it has been given back. */
  async close(): Promise<void> {
    this.#shutdown.abort();
    this.#stopPull?.();
    await this.#loop;
  }

  async #run(name: string): Promise<void> {
    const { signal } = this.#shutdown;
    let consumer: Consumer | undefined;
    while (!signal.aborted && !this.connection.isClosed()) {
      try {
        consumer ??= await jetstream(this.connection).consumers.get(TASK_STREAM, name);
        const message = await this.#pull(consumer);
        if (message) await this.#handle(message);
      } catch (error) {
        consumer = undefined;
        if (signal.aborted) return;
        this.onError(new ForgeError('BROKER_UNAVAILABLE', `cannot pull tasks: ${String(error)}`, error));
        await sleep(PULL_RETRY_MS);
      }
    }
  }

  async #pull(consumer: Consumer): Promise<JsMsg | undefined> {
    const pull = await consumer.fetch({ max_messages: 1, expires: PULL_EXPIRES_MS, idle_heartbeat: PULL_HEARTBEAT_MS });
    this.#stopPull = () => pull.stop();
    if (this.#shutdown.signal.aborted) pull.stop();
    for await (const message of pull) return message;
    return undefined;
  }

  async #handle(message: JsMsg): Promise<void> {
    const { signal } = this.#shutdown;
    if (signal.aborted) return message.nak();
    const heartbeat = setInterval(() => message.working(), HEARTBEAT_MS);
    try {
      const settlement = await this.handler(message.json<QueuedTask>(), message.info.deliveryCount, signal);
      if (settlement.do === 'ack') await message.ackAck();
      else message.nak(settlement.delayMs);
    } catch (thrown) {
      this.onError(ForgeError.from(thrown));
      message.nak(PULL_RETRY_MS);
    } finally {
      clearInterval(heartbeat);
    }
  }
}
