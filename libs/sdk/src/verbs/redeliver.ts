import type { DeliveryView } from '@agent-forge/contracts';
import { sendForJson, type Connection } from '../http/connection.js';

/** Delivers an event once more and at once, also one that waits for its next attempt. @throws ForgeError NOT_FOUND, and those of every request */
export function redeliver(connection: Connection, webhook: string, delivery: string): Promise<DeliveryView> {
  const path = `/v1/webhooks/${encodeURIComponent(webhook)}/deliveries/${encodeURIComponent(delivery)}:redeliver`;
  return sendForJson(connection, { method: 'POST', path });
}
