import { send, type Connection } from '../http/connection.js';

/** Ends a webhook, with what waits to be delivered. @throws ForgeError NOT_FOUND, and those of every request */
export async function removeWebhook(connection: Connection, webhook: string): Promise<void> {
  await send(connection, { method: 'DELETE', path: `/v1/webhooks/${encodeURIComponent(webhook)}` });
}
