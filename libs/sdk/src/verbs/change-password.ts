import type { PasswordChange } from '@agent-forge/contracts';
import { send, type Connection } from '../http/connection.js';

/**
 * Changes the caller's own password; all its sessions end.
 * @param auth a connection to the auth service
 * @throws ForgeError FORBIDDEN when the present one is wrong, INVALID_ARGUMENT for a weak one, and those of every request
 */
export async function changePassword(auth: Connection, change: PasswordChange): Promise<void> {
  await send(auth, { method: 'POST', path: '/v1/me/password', json: { ...change }, isOnce: true });
}
