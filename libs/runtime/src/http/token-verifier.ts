import { ForgeError, type Caller } from '@agent-forge/contracts';
import type { Revocable } from '@agent-forge/nats';
import { decodeJwt, errors, type JWTVerifyGetKey } from 'jose';
import { OutsideTokens, type OutsideIssuer } from './outside-issuer.js';
import { verifyOwnToken, type VerifiedToken } from './own-tokens.js';
import { VerifiedCache } from './verified-cache.js';

/** A token of ours has about 600 characters, those of others seldom over 2,000; longer ones are not worth decoding. */
const MAX_TOKEN_LENGTH = 4_096;

/** What a verifier knows. */
export interface TokenVerifierOptions {
  /** The keys of our auth service. */
  readonly keys: JWTVerifyGetKey;
  /** Who must have issued a token. */
  readonly issuer: () => string;
  /** What is revoked before its end. */
  readonly revocations: { isRevoked(token: Revocable): boolean; refresh(): Promise<void> };
  /** An issuer that is trusted besides. */
  readonly outside?: OutsideIssuer | undefined;
}

/** Verifies access tokens. */
export class TokenVerifier {
  readonly #cache = new VerifiedCache();
  readonly #outside: OutsideTokens | undefined;

  constructor(private readonly options: TokenVerifierOptions) {
    this.#outside = options.outside && new OutsideTokens(options.outside);
  }

  /**
   * Who calls, by an `Authorization` header.
   * @throws ForgeError UNAUTHENTICATED when there is no valid token, AUTH_UNAVAILABLE when the keys cannot be fetched, BROKER_UNAVAILABLE when
   * nobody knows what is revoked
   */
  async verify(authorization: string | undefined): Promise<Caller> {
    return (await this.verifyHeader(authorization)).caller;
  }

  /** What a token says. @throws ForgeError as {@link verify} does */
  async verifyToken(token: string): Promise<VerifiedToken> {
    const { revocations } = this.options;
    const known = this.#cache.get(token);
    const verified = known ?? (await this.#verify(token));
    // Asked each time, so that what is revoked is refused however it got into the cache.
    let isRevoked = revocations.isRevoked(verified.revocable);
    if (isRevoked && known === undefined) {
      // A tenant that was just made is let in as soon as its first token comes.
      await revocations.refresh();
      isRevoked = revocations.isRevoked(verified.revocable);
    }
    if (isRevoked) throw refused('the token is revoked; get a new one');
    return verified;
  }

  /** Whether a token that was verified before has been revoked since; also when nobody knows. */
  isRevoked({ revocable }: VerifiedToken): boolean {
    try {
      return this.options.revocations.isRevoked(revocable);
    } catch {
      return true;
    }
  }

  /**
   * What the token of an `Authorization` header says.
   * @throws ForgeError as {@link verify} does
   */
  verifyHeader(authorization: string | undefined): Promise<VerifiedToken> {
    const [, token] = /^Bearer ([A-Za-z0-9_.-]+)$/i.exec(authorization?.slice(0, MAX_TOKEN_LENGTH) ?? '') ?? [];
    if (token === undefined) return Promise.reject(refused('send an access token: "Authorization: Bearer <token>"'));
    return this.verifyToken(token);
  }

  async #verify(token: string): Promise<VerifiedToken> {
    const { keys, issuer } = this.options;
    let verified: VerifiedToken | undefined;
    try {
      // Whose it says it is only chooses the keys; these decide.
      const isOutside = this.#outside !== undefined && decodeJwt(token).iss === this.#outside.issuer;
      verified = isOutside ? await this.#outside!.verify(token) : await verifyOwnToken(token, keys, issuer());
    } catch (error) {
      if (error instanceof errors.JWTExpired) throw refused('the token has expired; get a new one', error);
      if (error instanceof ForgeError) throw error;
      if (!isVerdict(error)) throw new ForgeError('AUTH_UNAVAILABLE', `cannot check tokens: ${String(error)}`, error);
      throw refused('the token is not valid here', error);
    }
    if (verified === undefined) throw refused('the token is not of a form that is taken here, or gives no role');
    this.#cache.put(token, verified);
    return verified;
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
