import type { WebhookList, WebhookView } from '@agent-forge/contracts';
import { sendForJson, type Connection } from '../http/connection.js';

/** All webhooks of the caller's tenant, oldest first. @throws ForgeError those of every request */
export async function listWebhooks(connection: Connection): Promise<WebhookView[]> {
  return (await sendForJson<WebhookList>(connection, { path: '/v1/webhooks' })).webhooks;
}
