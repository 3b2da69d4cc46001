import type { PrincipalView, UserList } from '@agent-forge/contracts';
import { sendForJson, type Connection } from '../http/connection.js';

/**
 * All users that the caller may manage, by their names.
 * @param auth a connection to the auth service
 * @throws ForgeError those of every request
 */
export async function listUsers(auth: Connection): Promise<PrincipalView[]> {
  return (await sendForJson<UserList>(auth, { path: '/v1/users' })).users;
}
