import { AUTH_PATHS, type LoginRequest, type TokenAnswer } from '@agent-forge/contracts';
import { sendForJson, type Way } from '../http/connection.js';

/**
 * Logs a user in with its password: an access token, and a refresh token for the next one.
 * @param auth the way to the auth service; no token is needed
 * @throws ForgeError UNAUTHENTICATED for a wrong user or password, TOO_MANY_ATTEMPTS with the seconds to wait, and those of every request
 */
export function login(auth: Way, request: LoginRequest): Promise<TokenAnswer> {
  return sendForJson(auth, { method: 'POST', path: AUTH_PATHS.login, json: { ...request }, isOnce: true });
}
