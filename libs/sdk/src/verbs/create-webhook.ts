import type { NewWebhook, WebhookRequest } from '@agent-forge/contracts';
import { sendForJson, type Connection } from '../http/connection.js';

/** Has events sent to a URL. The secret comes this once. @throws ForgeError INVALID_ARGUMENT for a target that is not allowed, and those of every request */
export function createWebhook(connection: Connection, request: WebhookRequest): Promise<NewWebhook> {
  return sendForJson(connection, { method: 'POST', path: '/v1/webhooks', json: request });
}
