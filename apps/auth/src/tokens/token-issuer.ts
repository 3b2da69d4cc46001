import { randomUUID } from 'node:crypto';
import { ACCESS_TOKEN, type Scope } from '@agent-forge/contracts';
import { SignJWT } from 'jose';
import type { Principal } from '../identities/principal.js';
import type { SigningKey } from '../keys/signing-key.js';
import { LIFETIME_SECONDS } from './lifetime.js';

/** What a token is to say. */
export interface TokenClaims {
  readonly principal: Principal;
  readonly scopes: readonly Scope[];
  /** The session or API key that it comes from. */
  readonly session?: string;
  /** It ends no later (milliseconds since 1970). */
  readonly endsAtMs?: number;
}

/** A token and how long it lasts. */
export interface IssuedToken {
  readonly accessToken: string;
  readonly expiresInSeconds: number;
}

/** Signs access tokens (JWT, RFC 9068). */
export class TokenIssuer {
  /**
   * @param signer the key that signs now
   * @param url the URL of this service, once it is known
   */
  constructor(
    private readonly signer: () => SigningKey,
    readonly url: () => string,
  ) {}

  async issue({ principal, scopes, session, endsAtMs = Infinity }: TokenClaims): Promise<IssuedToken> {
    const { algorithm, type, audience } = ACCESS_TOKEN;
    const { kid, privateKey } = this.signer();
    const { id, tenant, role, generation } = principal;
    const now = Math.floor(Date.now() / 1_000);
    const end = Math.min(now + LIFETIME_SECONDS, Math.floor(endsAtMs / 1_000));
    const claims = { tenant, client_id: id, roles: [role], scope: scopes.join(' '), gen: generation };
    const accessToken = await new SignJWT({ ...claims, ...(session === undefined ? {} : { sid: session }) })
      .setProtectedHeader({ alg: algorithm, kid, typ: type })
      .setIssuer(this.url())
      .setAudience(audience)
      .setSubject(id)
      .setJti(randomUUID())
      .setIssuedAt(now)
      .setExpirationTime(end)
      .sign(privateKey);
    return { accessToken, expiresInSeconds: end - now };
  }
}
