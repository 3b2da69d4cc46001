import { BaseRpcContext } from '@nestjs/microservices';
import type { ForgeError } from '@agent-forge/contracts';
import type { Delivered } from './queue/delivered.js';

/** What becomes of a message whose handler is done. */
export type Settlement =
  /** It is done with. */
  | { do: 'ack' }
  /** It is delivered again after `delayMs`. */
  | { do: 'retry'; delayMs: number }
  /** It belongs to another delivery by now; whatever we said about it would be taken for that one's word. */
  | { do: 'leave' }
  /** It is moved to the dead-letter stream. */
  | { do: 'bury'; cause: ForgeError };

/** What a handler learns about the message besides the event. */
export class JetStreamContext extends BaseRpcContext<[Delivered, AbortSignal]> {
  constructor(message: Delivered, shutdown: AbortSignal) {
    super([message, shutdown]);
  }

  /** The event's sequence in the run log. */
  get sequence(): number {
    return this.getArgByIndex(0).seq;
  }

  /** 1 at the first delivery. */
  get deliveryCount(): number {
    return this.getArgByIndex(0).deliveryCount;
  }

  /** The `traceparent` header. */
  get traceparent(): string | undefined {
    return this.getArgByIndex(0).headers?.get('traceparent') || undefined;
  }

  /** Aborted when the service is to end: the handler gives its work back. */
  get shutdown(): AbortSignal {
    return this.getArgByIndex(1);
  }
}
