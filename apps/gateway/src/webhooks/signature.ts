import { createHmac, randomBytes } from 'node:crypto';

/** What secrets begin with (Standard Webhooks 1.0, "Signature scheme"). */
const PREFIX = 'whsec_';
const SECRET_BYTES = 32;

/** A new secret. */
export function makeSecret(): string {
  return PREFIX + randomBytes(SECRET_BYTES).toString('base64');
}

/**
 * The headers that prove a delivery (Standard Webhooks 1.0): HMAC-SHA256 over id, time and body.
 * @param id the same for every attempt, so that a receiver knows what it has had
 */
export function signedHeaders(secret: string, id: string, time: Date, body: Uint8Array): Record<string, string> {
  const timestamp = String(Math.floor(time.getTime() / 1000));
  const hmac = createHmac('sha256', Buffer.from(secret.slice(PREFIX.length), 'base64'));
  const signature = hmac.update(`${id}.${timestamp}.`).update(body).digest('base64');
  return { 'webhook-id': id, 'webhook-timestamp': timestamp, 'webhook-signature': `v1,${signature}` };
}
