import { AUTH_PATHS } from '@agent-forge/contracts';
import { send, type Way } from '../http/connection.js';

/**
 * Ends a token: an access token, an API key, or with a refresh token the whole session (RFC 7009). What is no token is answered alike.
 * @param auth the way to the auth service; no token is needed
 * @throws ForgeError those of every request
 */
export async function revokeToken(auth: Way, token: string): Promise<void> {
  const content = new Blob([new URLSearchParams({ token }).toString()]);
  const body = { content, type: 'application/x-www-form-urlencoded' };
  await send(auth, { method: 'POST', path: AUTH_PATHS.revoke, body });
}
