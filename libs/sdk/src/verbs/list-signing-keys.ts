import type { SigningKeyList, SigningKeyView } from '@agent-forge/contracts';
import { sendForJson, type Connection } from '../http/connection.js';

/**
 * The keys that sign tokens, newest first; for admins of the first tenant.
 * @param auth a connection to the auth service
 * @throws ForgeError FORBIDDEN, and those of every request
 */
export async function listSigningKeys(auth: Connection): Promise<SigningKeyView[]> {
  return (await sendForJson<SigningKeyList>(auth, { path: '/v1/signing-keys' })).keys;
}
