import type { WebhookView } from '@agent-forge/contracts';
import { sendForJson, type Connection } from '../http/connection.js';

/** One webhook. @throws ForgeError NOT_FOUND, and those of every request */
export function getWebhook(connection: Connection, webhook: string): Promise<WebhookView> {
  return sendForJson(connection, { path: `/v1/webhooks/${encodeURIComponent(webhook)}` });
}
