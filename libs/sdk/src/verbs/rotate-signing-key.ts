import type { SigningKeyView } from '@agent-forge/contracts';
import { sendForJson, type Connection } from '../http/connection.js';

/**
 * Makes the next key that signs tokens before its time; for admins of the first tenant.
 * @param auth a connection to the auth service
 * @throws ForgeError FORBIDDEN, and those of every request
 */
export function rotateSigningKey(auth: Connection): Promise<SigningKeyView> {
  return sendForJson(auth, { method: 'POST', path: '/v1/signing-keys', isOnce: true });
}
