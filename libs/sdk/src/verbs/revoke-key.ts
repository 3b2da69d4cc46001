import { send, type Connection } from '../http/connection.js';

/**
 * Ends an API key, everywhere within seconds.
 * @param auth a connection to the auth service
 * @throws ForgeError NOT_FOUND, and those of every request
 */
export async function revokeKey(auth: Connection, key: string): Promise<void> {
  await send(auth, { method: 'DELETE', path: `/v1/keys/${encodeURIComponent(key)}` });
}
