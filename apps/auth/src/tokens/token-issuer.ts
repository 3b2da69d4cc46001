import { randomUUID } from 'node:crypto';
import { ACCESS_TOKEN, type Caller } from '@agent-forge/contracts';
import { SignJWT } from 'jose';
import type { SigningKey } from '../keys/signing-key.js';

/** Short, since a token cannot be taken back before it ends; clients get the next one by themselves. */
const LIFETIME_SECONDS = 15 * 60;

/** A token and how long it lasts. */
export interface IssuedToken {
  readonly accessToken: string;
  readonly expiresInSeconds: number;
}

/** Signs access tokens (JWT, RFC 9068). */
export class TokenIssuer {
  /** @param url the URL of this service, once it is known */
  constructor(
    private readonly key: SigningKey,
    readonly url: () => string,
  ) {}

  async issue({ subject, tenant }: Caller): Promise<IssuedToken> {
    const { algorithm, type, audience } = ACCESS_TOKEN;
    const accessToken = await new SignJWT({ tenant, client_id: subject })
      .setProtectedHeader({ alg: algorithm, kid: this.key.kid, typ: type })
      .setIssuer(this.url())
      .setAudience(audience)
      .setSubject(subject)
      .setJti(randomUUID())
      .setIssuedAt()
      .setExpirationTime(`${LIFETIME_SECONDS} seconds`)
      .sign(this.key.privateKey);
    return { accessToken, expiresInSeconds: LIFETIME_SECONDS };
  }
}
