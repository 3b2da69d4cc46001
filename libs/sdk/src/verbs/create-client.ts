import type { ClientRequest, NewClient } from '@agent-forge/contracts';
import { sendForJson, type Connection } from '../http/connection.js';

/**
 * Makes a client, which is the identity of a program. Its secret comes this once.
 * @param auth a connection to the auth service
 * @throws ForgeError INVALID_ARGUMENT for a name that is taken, and those of every request
 */
export function createClient(auth: Connection, request: ClientRequest): Promise<NewClient> {
  return sendForJson(auth, { method: 'POST', path: '/v1/clients', json: request, isOnce: true });
}
