import { send, type Connection } from '../http/connection.js';

/**
 * Removes a client with its API keys.
 * @param auth a connection to the auth service
 * @throws ForgeError NOT_FOUND, FORBIDDEN for oneself, and those of every request
 */
export async function removeClient(auth: Connection, client: string): Promise<void> {
  await send(auth, { method: 'DELETE', path: `/v1/clients/${encodeURIComponent(client)}` });
}
