import { send, type Connection } from '../http/connection.js';

/**
 * Gives a user another password; its sessions end.
 * @param auth a connection to the auth service
 * @throws ForgeError NOT_FOUND, INVALID_ARGUMENT for a weak password, and those of every request
 */
export async function resetPassword(auth: Connection, user: string, password: string): Promise<void> {
  const path = `/v1/users/${encodeURIComponent(user)}:password`;
  await send(auth, { method: 'POST', path, json: { password } });
}
