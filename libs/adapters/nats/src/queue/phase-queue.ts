import { once } from 'node:events';
import { errors, nanos, type Msg, type NatsConnection, type Subscription } from '@nats-io/transport-node';
import { isId, phaseFilter, type ForgeError } from '@agent-forge/contracts';
import { ensurePhaseConsumer } from '../consumers.js';
import { brokerError } from '../errors.js';
import { SEND_TIMEOUT_MS } from '../insist.js';
import { LOG_STREAM } from '../stream-names.js';
import { Delivered } from './delivered.js';
import { QueuedTenants } from './queued-tenants.js';
import { Turns } from './turns.js';

/** Where there is word of an event, it is waited for so long: the word may be faster than the stream. */
const TOLD_WAIT_MS = 100;
/** Between two looks for what nobody gave word of: what comes again because its worker is gone, or because its delay is over. */
const LOOK_MS = 500;
/** A look costs a request for each tenant; of many tenants, each is looked for less often. */
const LOOK_MS_PER_TENANT = 20;

/**
 * The events that a phase is to act on, in turns of tenants: a durable consumer for each tenant, so that whoever has asked for ten thousand runs has one
 * turn, and the next tenant the next. Many replicas may take from one queue. Core NATS gives word of new events (it costs nothing and may be lost);
 * regular looks find the rest.
 */
export class PhaseQueue {
  readonly #turns = new Turns();
  readonly #tenants = new Map<string, Promise<string>>();
  readonly #word = new EventTarget();
  #subscription: Subscription | undefined;
  #stopWatch: (() => void) | undefined;
  #looks: NodeJS.Timeout | undefined;

  private constructor(
    private readonly connection: NatsConnection,
    readonly phase: string,
  ) {}

  /** Opens the queue of a phase; the streams exist. @throws ForgeError BROKER_UNAVAILABLE */
  static async open(connection: NatsConnection, phase: string): Promise<PhaseQueue> {
    const queue = new PhaseQueue(connection, phase);
    queue.#subscription = connection.subscribe(phaseFilter(phase), {
      callback: (_, { subject = '' }) => {
        const tenant = subject.split('.')[2];
        if (isId(tenant)) queue.#tell(tenant, true);
      },
    });
    queue.#stopWatch = await new QueuedTenants(connection).watch((tenant) => queue.#tell(tenant, true));
    queue.#look();
    return queue;
  }

  /**
   * The next message, whenever it comes.
   * @param signal ends the wait
   * @throws ForgeError BROKER_UNAVAILABLE
   */
  async next(signal: AbortSignal): Promise<Delivered | undefined> {
    while (!signal.aborted) {
      const turn = this.#turns.next();
      if (turn === undefined) {
        await once(this.#word, 'word', { signal }).catch(() => undefined);
        continue;
      }
      const message = await this.#pull(turn.name, turn.isTold ? TOLD_WAIT_MS : 0);
      if (message === undefined) continue;
      // There may be more.
      this.#tell(turn.name, false);
      return message;
    }
    return undefined;
  }

  close(): void {
    clearTimeout(this.#looks);
    this.#stopWatch?.();
    this.#subscription?.unsubscribe();
  }

  #tell(tenant: string, isTold: boolean): void {
    this.#turns.add(tenant, isTold);
    this.#word.dispatchEvent(new Event('word'));
  }

  /** Gives every tenant a turn, again and again. */
  #look(): void {
    for (const tenant of this.#tenants.keys()) this.#tell(tenant, false);
    const delayMs = Math.max(LOOK_MS, LOOK_MS_PER_TENANT * this.#tenants.size);
    this.#looks = setTimeout(() => this.#look(), delayMs).unref();
  }

  async #pull(tenant: string, waitMs: number): Promise<Delivered | undefined> {
    const consumer = await this.#consumerOf(tenant);
    const wish = waitMs === 0 ? { batch: 1, no_wait: true } : { batch: 1, expires: nanos(waitMs) };
    try {
      const subject = `$JS.API.CONSUMER.MSG.NEXT.${LOG_STREAM}.${consumer}`;
      // A message comes under its own subject, by which the inbox that requests share would not know whose it is.
      const options = { timeout: SEND_TIMEOUT_MS, noMux: true };
      const answer = await this.connection.request(subject, JSON.stringify(wish), options);
      return isMessage(answer) ? new Delivered(this.connection, answer) : undefined;
    } catch (error) {
      // It is made anew if somebody has deleted it.
      if (error instanceof errors.RequestError && error.isNoResponders()) this.#tenants.delete(tenant);
      this.#turns.add(tenant, true);
      throw this.#unavailable(error);
    }
  }

  #consumerOf(tenant: string): Promise<string> {
    const known = this.#tenants.get(tenant);
    if (known !== undefined) return known;
    const made = ensurePhaseConsumer(this.connection, this.phase, tenant);
    this.#tenants.set(tenant, made);
    made.catch(() => this.#tenants.delete(tenant));
    return made;
  }

  #unavailable(error: unknown): ForgeError {
    return brokerError(error, `take from the queue of ${this.phase}`);
  }
}

/** Whether an answer to a pull is a message; elsewhere it is a status: nothing there, or not in time. */
function isMessage({ headers, reply }: Msg): boolean {
  return reply !== undefined && reply.startsWith('$JS.ACK.') && !(headers && headers.code >= 300);
}
