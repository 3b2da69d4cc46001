import type { DeliveryView, NewWebhook } from '@agent-forge/contracts';

/** A webhook as it is kept. */
export interface StoredWebhook extends NewWebhook {
  readonly tenant: string;
}

/** The delivery of one event as it is kept. */
export interface StoredDelivery extends DeliveryView {
  /** The event's sequence in the run log. */
  readonly sequence: number;
  /** Times that somebody asked for it again. */
  readonly round: number;
  /** Attempts of this round. */
  readonly tries: number;
}

/** One delivery in the queue: enough to find the rest. */
export interface QueuedDelivery {
  readonly tenant: string;
  readonly webhook: string;
  readonly sequence: number;
  readonly round: number;
}

/** Every subject of the queue of deliveries: `forge.deliveries.<tenant>.<webhook>`. */
export const DELIVERY_SUBJECTS = 'forge.deliveries.*.*';

/** The subject of the deliveries of one webhook. Both are ids. */
export function deliverySubject(tenant: string, webhook: string): string {
  return `forge.deliveries.${tenant}.${webhook}`;
}

/** The id of the delivery of an event: ids of later events sort later. */
export function deliveryId(sequence: number): string {
  return `d${String(sequence).padStart(12, '0')}`;
}
