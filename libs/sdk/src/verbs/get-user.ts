import type { PrincipalView } from '@agent-forge/contracts';
import { sendForJson, type Connection } from '../http/connection.js';

/**
 * A user.
 * @param auth a connection to the auth service
 * @throws ForgeError NOT_FOUND, and those of every request
 */
export function getUser(auth: Connection, user: string): Promise<PrincipalView> {
  return sendForJson(auth, { path: `/v1/users/${encodeURIComponent(user)}` });
}
