import type { PrincipalView, UserRequest } from '@agent-forge/contracts';
import { sendForJson, type Connection } from '../http/connection.js';

/**
 * Makes a user.
 * @param auth a connection to the auth service
 * @throws ForgeError INVALID_ARGUMENT for a name that is taken or a weak password, and those of every request
 */
export function createUser(auth: Connection, request: UserRequest): Promise<PrincipalView> {
  return sendForJson(auth, { method: 'POST', path: '/v1/users', json: request, isOnce: true });
}
