import {
  createHmac,
  createPrivateKey,
  generateKeyPairSync,
  sign,
  type JsonWebKeyInput,
  type KeyObject,
} from 'node:crypto';
import { ACCESS_TOKEN } from '@agent-forge/contracts';
import type { JWK } from 'jose';

/** What a token is to be, where that differs from a real one. A value of undefined leaves the member out. */
export interface Forgery {
  header?: Record<string, unknown>;
  claims?: Record<string, unknown>;
  /** The JSON text itself, for what no object can be. */
  rawHeader?: string;
  rawPayload?: string;
  /** Who signs: our own key (default), another Ed25519 key, a shared secret, or these very bytes. */
  signer?: 'ours' | 'stranger' | { secret: Uint8Array | string } | { signature: Uint8Array };
}

const STRANGER = generateKeyPairSync('ed25519');

/** The public key of the stranger, for tokens that bring their own. */
export const STRANGER_JWK = STRANGER.publicKey.export({ format: 'jwk' });

/** Makes tokens as nobody should be able to, with everything that an attacker may have, and the real key besides, so that nothing but the forgery is wrong. */
export class TokenForge {
  readonly #ours: KeyObject;

  /** @param kid of our key */
  constructor(
    jwk: JWK,
    private readonly kid: string,
    private readonly issuer: string,
  ) {
    this.#ours = createPrivateKey({ key: jwk, format: 'jwk' } as JsonWebKeyInput);
  }

  /** What a real token says. */
  claims(): Record<string, unknown> {
    const now = Math.floor(Date.now() / 1_000);
    return {
      iss: this.issuer,
      aud: ACCESS_TOKEN.audience,
      sub: 'admin',
      tenant: 'main',
      client_id: 'admin',
      roles: ['admin'],
      scope: 'runs:read runs:write account',
      gen: Date.now(),
      jti: 'forged',
      iat: now,
      exp: now + 60,
    };
  }

  make({ header = {}, claims = {}, rawHeader, rawPayload, signer = 'ours' }: Forgery = {}): string {
    const real = { alg: ACCESS_TOKEN.algorithm, typ: ACCESS_TOKEN.type, kid: this.kid };
    const parts = [
      rawHeader ?? JSON.stringify({ ...real, ...header }),
      rawPayload ?? JSON.stringify({ ...this.claims(), ...claims }),
    ];
    const signed = parts.map((part) => Buffer.from(part, 'latin1').toString('base64url')).join('.');
    return `${signed}.${this.#signature(signed, signer).toString('base64url')}`;
  }

  #signature(signed: string, signer: NonNullable<Forgery['signer']>): Buffer {
    if (signer === 'ours') return sign(null, Buffer.from(signed), this.#ours);
    if (signer === 'stranger') return sign(null, Buffer.from(signed), STRANGER.privateKey);
    if ('signature' in signer) return Buffer.from(signer.signature);
    return createHmac('sha256', signer.secret).update(signed).digest();
  }
}
