import { AUTH_PATHS, ForgeError } from '@agent-forge/contracts';

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

/**
 * Tokens of a client (OAuth 2.0 client credentials, RFC 6749, section 4.4); each is used until shortly before its end.
 * The source throws ForgeError UNAUTHENTICATED when the credentials are refused, AUTH_UNAVAILABLE when nobody answers.
 */
export function clientCredentials({ authUrl, clientId, clientSecret }: ClientCredentials): TokenSource {
  let current: Promise<{ token: string; renewAtMs: number }> | undefined;
  const fetchToken = async () => {
    const form = { grant_type: 'client_credentials', client_id: clientId, client_secret: clientSecret };
    const answer = await ask(new URL(AUTH_PATHS.token, authUrl), new URLSearchParams(form));
    return { token: answer.access_token, renewAtMs: Date.now() + answer.expires_in * 1000 - RENEW_BEFORE_MS };
  };
  return async () => {
    // One request serves all callers that wait; a failed one is forgotten, so that the next caller tries again.
    current ??= fetchToken();
    const attempt = current;
    try {
      const { token, renewAtMs } = await attempt;
      if (Date.now() >= renewAtMs && current === attempt) current = undefined;
      return token;
    } catch (error) {
      if (current === attempt) current = undefined;
      throw error;
    }
  };
}

async function ask(url: URL, body: URLSearchParams): Promise<{ access_token: string; expires_in: number }> {
  let answer: Response;
  try {
    answer = await fetch(url, { method: 'POST', body, signal: AbortSignal.timeout(TIMEOUT_MS) });
  } catch (error) {
    throw new ForgeError('AUTH_UNAVAILABLE', `no token can be had: ${url.origin} does not answer`, error);
  }
  const json = (await answer.json().catch(() => ({}))) as Record<string, unknown>;
  const { access_token: token, expires_in: lifetime, error_description: said } = json;
  if (answer.ok && typeof token === 'string' && typeof lifetime === 'number') {
    return { access_token: token, expires_in: lifetime };
  }
  const code = answer.status === 400 || answer.status === 401 ? 'UNAUTHENTICATED' : 'AUTH_UNAVAILABLE';
  throw new ForgeError(
    code,
    `no token was given: ${typeof said === 'string' ? said : `${url.origin} answered ${answer.status}`}`,
  );
}
