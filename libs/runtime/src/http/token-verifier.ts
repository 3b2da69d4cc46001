import { ACCESS_TOKEN, AUTH_PATHS, ForgeError, isId, type Caller } from '@agent-forge/contracts';
import { createRemoteJWKSet, errors, jwtVerify, type JWTVerifyGetKey } from 'jose';

/** Machines' clocks differ by seconds. */
const CLOCK_TOLERANCE_SECONDS = 5;
/** A token of ours has about 400 characters; longer ones are not worth decoding. */
const MAX_TOKEN_LENGTH = 4_096;
const MAX_SUBJECT_LENGTH = 200;
/** Keys are fetched again after this time, and at once (but not more often than the cooldown) for a key id that is not known. */
const KEYS_MAX_AGE_MS = 10 * 60_000;
const KEYS_COOLDOWN_MS = 5_000;
const KEYS_TIMEOUT_MS = 5_000;

/** The keys that an auth service publishes, fetched when they are needed. */
export function publishedKeys(authUrl: string): JWTVerifyGetKey {
  return createRemoteJWKSet(new URL(AUTH_PATHS.jwks, authUrl), {
    cacheMaxAge: KEYS_MAX_AGE_MS,
    cooldownDuration: KEYS_COOLDOWN_MS,
    timeoutDuration: KEYS_TIMEOUT_MS,
  });
}

/** Verifies access tokens. */
export class TokenVerifier {
  /** @param issuer who must have issued a token */
  constructor(
    private readonly keys: JWTVerifyGetKey,
    private readonly issuer: () => string,
  ) {}

  /**
   * Who calls, by an `Authorization` header.
   * @throws ForgeError UNAUTHENTICATED when there is no valid token, AUTH_UNAVAILABLE when the keys cannot be fetched
   */
  async verify(authorization: string | undefined): Promise<Caller> {
    const [, token] = /^Bearer ([A-Za-z0-9_.-]+)$/i.exec(authorization?.slice(0, MAX_TOKEN_LENGTH) ?? '') ?? [];
    if (token === undefined) throw refused('send an access token: "Authorization: Bearer <token>"');
    try {
      const { payload } = await jwtVerify(token, this.keys, {
        issuer: this.issuer(),
        audience: ACCESS_TOKEN.audience,
        typ: ACCESS_TOKEN.type,
        algorithms: [ACCESS_TOKEN.algorithm],
        clockTolerance: CLOCK_TOLERANCE_SECONDS,
        requiredClaims: ['sub', 'exp', 'iat', 'jti', 'tenant'],
      });
      const { sub: subject, tenant } = payload;
      if (typeof subject === 'string' && subject.length <= MAX_SUBJECT_LENGTH && isId(tenant))
        return { subject, tenant };
    } catch (error) {
      if (error instanceof errors.JWTExpired) throw refused('the token has expired; get a new one', error);
      if (!isVerdict(error)) throw new ForgeError('AUTH_UNAVAILABLE', `cannot check tokens: ${String(error)}`, error);
      throw refused('the token is not valid here', error);
    }
    throw refused('the token names no subject and tenant');
  }
}

/** Whether an error is about the token, not about the keys that could not be fetched. */
function isVerdict(error: unknown): boolean {
  if (!(error instanceof errors.JOSEError)) return false;
  return !(
    error instanceof errors.JWKSTimeout ||
    error instanceof errors.JWKSInvalid ||
    error.code === 'ERR_JOSE_GENERIC'
  );
}

function refused(message: string, cause?: unknown): ForgeError {
  return new ForgeError('UNAUTHENTICATED', message, cause);
}
