import type { PrincipalChange, PrincipalView } from '@agent-forge/contracts';
import { sendForJson, type Connection } from '../http/connection.js';

/**
 * Gives a user another role, or stops it for a time; tokens and sessions of before end.
 * @param auth a connection to the auth service
 * @throws ForgeError NOT_FOUND, FORBIDDEN for oneself, and those of every request
 */
export function changeUser(auth: Connection, user: string, change: PrincipalChange): Promise<PrincipalView> {
  return sendForJson(auth, { method: 'PATCH', path: `/v1/users/${encodeURIComponent(user)}`, json: change });
}
