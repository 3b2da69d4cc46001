import type { KeyRequest, NewKey } from '@agent-forge/contracts';
import { sendForJson, type Connection } from '../http/connection.js';

/**
 * Makes an API key of the caller. Its text comes this once.
 * @param auth a connection to the auth service
 * @throws ForgeError FORBIDDEN for a scope that the caller does not have, and those of every request
 */
export function createKey(auth: Connection, request: KeyRequest): Promise<NewKey> {
  return sendForJson(auth, { method: 'POST', path: '/v1/keys', json: request, isOnce: true });
}
