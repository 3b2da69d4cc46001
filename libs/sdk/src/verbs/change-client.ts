import type { PrincipalChange, PrincipalView } from '@agent-forge/contracts';
import { sendForJson, type Connection } from '../http/connection.js';

/**
 * Gives a client another role, or stops it for a time; its tokens of before end.
 * @param auth a connection to the auth service
 * @throws ForgeError NOT_FOUND, FORBIDDEN for oneself, and those of every request
 */
export function changeClient(auth: Connection, client: string, change: PrincipalChange): Promise<PrincipalView> {
  return sendForJson(auth, { method: 'PATCH', path: `/v1/clients/${encodeURIComponent(client)}`, json: change });
}
