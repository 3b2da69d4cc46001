import type { NewClient } from '@agent-forge/contracts';
import { sendForJson, type Connection } from '../http/connection.js';

/**
 * Gives a client another secret, which comes this once; those of before end.
 * @param auth a connection to the auth service
 * @throws ForgeError NOT_FOUND, and those of every request
 */
export function rotateClientSecret(auth: Connection, client: string): Promise<NewClient> {
  const path = `/v1/clients/${encodeURIComponent(client)}:rotate`;
  return sendForJson(auth, { method: 'POST', path, isOnce: true });
}
