import { EVENTS, type EventName } from './events.js';

/** An event that webhooks can ask for: all of the run log. Progress comes too often, and is there for whoever watches. */
export type WebhookEvent = Exclude<EventName, 'phase.progress'>;

/** The names of {@link WebhookEvent}. */
export const WEBHOOK_EVENTS = Object.keys(EVENTS).filter((name): name is WebhookEvent => name !== 'phase.progress');

/** `POST /v1/webhooks`: where events are to be sent. */
export interface WebhookRequest {
  /** An https URL of a public address, without a login. */
  url: string;
  /** What is sent (default: all). */
  events?: WebhookEvent[];
}

/** A webhook as everybody of the tenant may see it. */
export interface WebhookView {
  id: string;
  url: string;
  events: WebhookEvent[];
  createdBy: string;
  /** RFC 3339. */
  createdAt: string;
}

/** The answer that makes a webhook: the only one that has its secret. */
export interface NewWebhook extends WebhookView {
  /** `whsec_` and 32 random bytes in base64, as Standard Webhooks writes it. */
  secret: string;
}

/** `GET /v1/webhooks`: all of the tenant. */
export interface WebhookList {
  webhooks: WebhookView[];
}

/** One try to deliver an event. What the target answered besides its status is not kept. */
export interface DeliveryAttempt {
  /** RFC 3339. */
  at: string;
  durationMs: number;
  /** The status of the answer, if there was one. */
  status?: number;
  /** Why it counts as failed; absent when it succeeded. */
  problem?: string;
}

/** The delivery of one event to one webhook. */
export interface DeliveryView {
  id: string;
  event: WebhookEvent;
  run: string;
  status: 'pending' | 'delivered' | 'failed';
  /** The latest, oldest first. */
  attempts: DeliveryAttempt[];
  /** When the next attempt is due (RFC 3339); only while it is pending. */
  nextAttemptAt?: string;
}

/** `GET /v1/webhooks/{id}/deliveries`: newest first. */
export interface DeliveryList {
  deliveries: DeliveryView[];
  /** Names the next page; absent on the last. */
  next?: string;
}
