import { AUTH_PATHS, ForgeError, type TokenAnswer } from '@agent-forge/contracts';
import { whyNoAnswer } from './no-answer.js';

/** A new token is fetched this long before the old one ends, so that none ends on its way. */
const RENEW_BEFORE_MS = 30_000;
const TIMEOUT_MS = 15_000;

/** Gives the access token for the next request. */
export type TokenSource = () => Promise<string>;

/** Where to get tokens, and as whom. */
export interface ClientCredentials {
  /** Base URL of the auth service. */
  authUrl: string;
  clientId: string;
  clientSecret: string;
}

/** A session as a login or the last refresh gave it. */
export interface Session {
  readonly accessToken: string;
  /** When the access token ends, in milliseconds since 1970. */
  readonly endsAtMs: number;
  /** For the next access token; good once. */
  readonly refreshToken: string;
}

/** An API key, which the gateway takes as it is. (The auth service does not: there {@link clientCredentials} get a token for it, with its id.) */
export function apiKey(key: string): TokenSource {
  return () => Promise.resolve(key);
}

/**
 * Tokens of a client (OAuth 2.0 client credentials, RFC 6749, section 4.4); each is used until shortly before its end.
 * The source throws ForgeError UNAUTHENTICATED when the credentials are refused, AUTH_UNAVAILABLE when nobody answers.
 */
export function clientCredentials({ authUrl, clientId, clientSecret }: ClientCredentials): TokenSource {
  const form = { grant_type: 'client_credentials', client_id: clientId, client_secret: clientSecret };
  return shared(async () => {
    const answer = await ask(new URL(AUTH_PATHS.token, authUrl), new URLSearchParams(form));
    return { token: answer.access_token, endsAtMs: Date.now() + answer.expires_in * 1_000 };
  });
}

/**
 * Tokens of a user's session; it is refreshed shortly before each one's end. A refresh token is good once: only one source may have it.
 * @param onRefresh hears each new state, to keep it; the token is given out after that
 */
export function sessionTokens(
  authUrl: string,
  first: Session,
  onRefresh: (session: Session) => void | Promise<void> = () => undefined,
): TokenSource {
  let session = first;
  return shared(async () => {
    if (isEnding(session)) {
      session = await refreshSession(authUrl, session.refreshToken);
      await onRefresh(session);
    }
    return { token: session.accessToken, endsAtMs: session.endsAtMs };
  });
}

/** The session that a login answers with. */
export function sessionOf({ access_token, expires_in, refresh_token = '' }: TokenAnswer): Session {
  return { accessToken: access_token, endsAtMs: Date.now() + expires_in * 1_000, refreshToken: refresh_token };
}

/** Whether the access token of a session is to be replaced. */
export function isEnding({ endsAtMs }: Pick<Session, 'endsAtMs'>): boolean {
  return Date.now() >= endsAtMs - RENEW_BEFORE_MS;
}

/**
 * Uses a refresh token up (RFC 6749, section 6). It is sent once: whoever gets no answer cannot know whether it still counts.
 * @throws ForgeError UNAUTHENTICATED when the session has ended, AUTH_UNAVAILABLE when nobody answers
 */
export async function refreshSession(authUrl: string, refreshToken: string): Promise<Session> {
  const form = { grant_type: 'refresh_token', refresh_token: refreshToken };
  return sessionOf(await ask(new URL(AUTH_PATHS.token, authUrl), new URLSearchParams(form)));
}

/** One request serves all callers that wait; a failed one is forgotten, so that the next caller tries again. */
function shared(fetchToken: () => Promise<{ token: string; endsAtMs: number }>): TokenSource {
  let current: ReturnType<typeof fetchToken> | undefined;
  return async () => {
    current ??= fetchToken();
    const attempt = current;
    try {
      const { token, endsAtMs } = await attempt;
      if (isEnding({ endsAtMs }) && current === attempt) current = undefined;
      return token;
    } catch (error) {
      if (current === attempt) current = undefined;
      throw error;
    }
  };
}

async function ask(url: URL, body: URLSearchParams): Promise<TokenAnswer> {
  let answer: Response;
  try {
    answer = await fetch(url, { method: 'POST', body, redirect: 'error', signal: AbortSignal.timeout(TIMEOUT_MS) });
  } catch (error) {
    throw new ForgeError(
      'AUTH_UNAVAILABLE',
      `no token can be had: ${url.origin} does not answer (${whyNoAnswer(error)})`,
      error,
    );
  }
  const json = (await answer.json().catch(() => ({}))) as Partial<TokenAnswer> & { error_description?: unknown };
  if (answer.ok && typeof json.access_token === 'string' && typeof json.expires_in === 'number')
    return json as TokenAnswer;
  const said = json.error_description;
  const code = answer.status === 400 || answer.status === 401 ? 'UNAUTHENTICATED' : 'AUTH_UNAVAILABLE';
  throw new ForgeError(
    code,
    `no token was given: ${typeof said === 'string' ? said : `${url.origin} answered ${answer.status}`}`,
  );
}
