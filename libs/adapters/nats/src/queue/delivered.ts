import { nanos, type Msg, type MsgHdrs, type NatsConnection } from '@nats-io/transport-node';
import { SEND_TIMEOUT_MS } from '../insist.js';

/** Parts of a reply subject in its older form: `$JS.ACK.<stream>.<consumer>.<deliveries>.<sequence>.<delivery>.<time>.<pending>` (NATS ADR-15). */
const OLDER_PARTS = 9;
/** Those of the newer form, which has domain and account behind `$JS.ACK`. */
const NEWER_BEGIN = 4;

/** A message of a pull consumer, and what may be said of it. The client makes such only for pulls of a second and more. */
export class Delivered {
  /** Its place in the stream. */
  readonly seq: number;
  /** 1 at the first delivery. */
  readonly deliveryCount: number;

  constructor(
    private readonly connection: NatsConnection,
    private readonly message: Msg,
  ) {
    const parts = message.reply!.split('.');
    const [, , deliveries, sequence] = parts.slice(parts.length === OLDER_PARTS ? 2 : NEWER_BEGIN);
    this.deliveryCount = Number(deliveries);
    this.seq = Number(sequence);
  }

  get subject(): string {
    return this.message.subject;
  }

  get data(): Uint8Array {
    return this.message.data;
  }

  get headers(): MsgHdrs | undefined {
    return this.message.headers;
  }

  /** Its handler is alive: the time until it is delivered again begins anew. */
  working(): void {
    this.message.respond('+WPI');
  }

  /** It is to be delivered again. @param delayMs not before this time has passed */
  nak(delayMs = 0): void {
    this.message.respond(delayMs === 0 ? '-NAK' : `-NAK ${JSON.stringify({ delay: nanos(delayMs) })}`);
  }

  /** It is done with; waits for the broker's word. @throws TimeoutError of the client */
  async ackAck(): Promise<void> {
    await this.connection.request(this.message.reply!, '+ACK', { timeout: SEND_TIMEOUT_MS });
  }
}
