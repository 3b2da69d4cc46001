import type { PrincipalView } from '@agent-forge/contracts';
import { sendForJson, type Connection } from '../http/connection.js';

/**
 * A client.
 * @param auth a connection to the auth service
 * @throws ForgeError NOT_FOUND, and those of every request
 */
export function getClient(auth: Connection, client: string): Promise<PrincipalView> {
  return sendForJson(auth, { path: `/v1/clients/${encodeURIComponent(client)}` });
}
