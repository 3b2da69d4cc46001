import type { MeView } from '@agent-forge/contracts';
import { sendForJson, type Connection } from '../http/connection.js';

/**
 * Who the caller is, and what its token is good for.
 * @param auth a connection to the auth service
 * @throws ForgeError those of every request
 */
export function getMe(auth: Connection): Promise<MeView> {
  return sendForJson(auth, { path: '/v1/me' });
}
