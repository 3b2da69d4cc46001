import { apiKeyId, ForgeError } from '@agent-forge/contracts';
import { lockFile } from '@agent-forge/nats';
import { apiKey, clientCredentials, isEnding, refreshSession, type TokenSource } from '@agent-forge/sdk';
import { loginFile, readLogin, writeLogin, type StoredLogin, type StoredSession } from './session-file.js';

/** Longer than a refresh may take, for each of some commands that wait behind one another. */
const LOCK_WAIT_MS = 60_000;

/** Tokens of the login for the gateway, which takes API keys as they are. */
export function gatewayTokens(login: StoredLogin): TokenSource {
  return 'key' in login ? apiKey(login.key) : () => currentToken(login);
}

/** Tokens of the login for the auth service. */
export function authTokens(login: StoredLogin): TokenSource {
  if (!('key' in login)) return () => currentToken(login);
  const { authUrl, key } = login;
  return clientCredentials({ authUrl, clientId: apiKeyId(key) ?? '', clientSecret: key });
}

/**
 * The access token of the session as it stands in the file now. Where it ends, the session is refreshed: by one process at a time and with what is in
 * the file then, since a refresh token that is used twice ends the session.
 */
async function currentToken({ url, subject }: StoredLogin): Promise<string> {
  const stored = await ofFile(url, subject);
  return isEnding(stored.session) ? refreshed(url, subject) : stored.session.accessToken;
}

async function refreshed(url: string, subject: string): Promise<string> {
  const problem = (holder: string) => `process ${holder} does not finish refreshing the session; try again`;
  const lock = await lockFile(`${loginFile()}.lock`, { waitMs: LOCK_WAIT_MS, problem });
  try {
    const stored = await ofFile(url, subject);
    // Another process may have been first.
    if (!isEnding(stored.session)) return stored.session.accessToken;
    const session = await refreshSession(stored.authUrl, stored.session.refreshToken);
    await writeLogin({ ...stored, session });
    return session.accessToken;
  } catch (error) {
    if (!(error instanceof ForgeError) || error.code !== 'UNAUTHENTICATED') throw error;
    throw new ForgeError(
      'UNAUTHENTICATED',
      `the session of ${subject} at ${url} has ended; log in again: forge login --url ${url}`,
      error,
    );
  } finally {
    await lock.release();
  }
}

/** What is in the file, as long as it is the login that the command began with. */
async function ofFile(url: string, subject: string): Promise<StoredSession> {
  const now = await readLogin();
  if (now !== undefined && 'session' in now && now.url === url && now.subject === subject) return now;
  throw new ForgeError('UNAUTHENTICATED', `${subject} has logged out of ${url} meanwhile; log in again: forge login`);
}
