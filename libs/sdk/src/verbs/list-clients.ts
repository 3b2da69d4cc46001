import type { ClientList, PrincipalView } from '@agent-forge/contracts';
import { sendForJson, type Connection } from '../http/connection.js';

/**
 * All clients that the caller may manage, by their names.
 * @param auth a connection to the auth service
 * @throws ForgeError those of every request
 */
export async function listClients(auth: Connection): Promise<PrincipalView[]> {
  return (await sendForJson<ClientList>(auth, { path: '/v1/clients' })).clients;
}
