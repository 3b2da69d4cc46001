import { BaseRpcContext } from '@nestjs/microservices';
import type { Delivered } from './queue/delivered.js';

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
