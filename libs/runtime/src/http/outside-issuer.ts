import { createHash } from 'node:crypto';
import { ForgeError, isId, isRole, scopesOfRole, strongestRole, type Role } from '@agent-forge/contracts';
import { createRemoteJWKSet, jwtVerify, type JWTPayload, type JWTVerifyGetKey } from 'jose';
import { CLOCK_TOLERANCE_SECONDS, KEY_FETCHES, type VerifiedToken } from './own-tokens.js';
import { isLoopback } from '../loopback.js';

/** An issuer of somebody else (OpenID Connect) whose access tokens are taken besides our own. */
export interface OutsideIssuer {
  /** `FORGE_OIDC_ISSUER`: its URL, as it stands in its tokens. */
  readonly issuer: string;
  /** `FORGE_OIDC_AUDIENCE`: how it calls us. */
  readonly audience: string;
  /** `FORGE_OIDC_ROLE_CLAIM`: where its tokens have what makes a role; dots lead inside (default `roles`). */
  readonly roleClaim: string;
  /** `FORGE_OIDC_ROLES`: what there makes which role, for example `forge-admins=admin,developers=builder`. Everybody else is refused. */
  readonly roles: Readonly<Record<string, Role>>;
  /** `FORGE_OIDC_TENANT_CLAIM`: where its tokens have the tenant; without it everybody is of `FORGE_OIDC_TENANT` (default `main`). */
  readonly tenantClaim: string | undefined;
  readonly tenant: string;
}

/** What cannot be forged by whoever knows the public key; nothing that is shared, and not `none`. */
const ALGORITHMS = [
  'EdDSA',
  'Ed25519',
  'ES256',
  'ES384',
  'ES512',
  'PS256',
  'PS384',
  'PS512',
  'RS256',
  'RS384',
  'RS512',
];
/** Revocations are remembered for as long; whoever comes with an older token gets a new one from the issuer. */
const MAX_AGE_SECONDS = 60 * 60;
const DISCOVERY_TIMEOUT_MS = 5_000;
/** A subject of an issuer, in front of which its origin stands, so that it is never one of ours. */
const SUBJECT = /^[\x21-\x7e]{1,200}$/;
const OUTSIDE_PREFIX = 'oidc:';

/** Verifies the access tokens of an outside issuer. */
export class OutsideTokens {
  #keys: Promise<JWTVerifyGetKey> | undefined;

  constructor(private readonly trusted: OutsideIssuer) {}

  get issuer(): string {
    return this.trusted.issuer;
  }

  /** @returns undefined when the token is signed, but not for us @throws errors of jose; ForgeError AUTH_UNAVAILABLE */
  async verify(token: string): Promise<VerifiedToken | undefined> {
    const { issuer, audience } = this.trusted;
    const { payload, protectedHeader } = await jwtVerify(token, await this.#publishedKeys(), {
      issuer,
      audience,
      algorithms: ALGORITHMS,
      clockTolerance: CLOCK_TOLERANCE_SECONDS,
      maxTokenAge: MAX_AGE_SECONDS,
      requiredClaims: ['sub', 'exp', 'iat'],
    });
    if (!isAccessToken(payload, protectedHeader.typ)) return undefined;
    const role = this.#roleOf(payload);
    const tenant = this.#tenantOf(payload);
    if (role === undefined || !isId(tenant) || !SUBJECT.test(String(payload.sub))) return undefined;
    const subject = `${OUTSIDE_PREFIX}${payload.sub}`;
    // Of what is signed: the signature itself can be written in more than one way.
    const id = createHash('sha256')
      .update(token.slice(0, token.lastIndexOf('.')))
      .digest('hex');
    return {
      caller: { subject, tenant, role, scopes: scopesOfRole(role) },
      expiresAtMs: Math.min(payload.exp!, payload.iat! + MAX_AGE_SECONDS) * 1_000,
      revocable: { id, subject, generation: Infinity, tenant },
    };
  }

  #roleOf(payload: JWTPayload): Role | undefined {
    const { roles, roleClaim } = this.trusted;
    const names = [claimAt(payload, roleClaim)].flat().filter((name) => typeof name === 'string');
    return strongestRole(names.map((name) => (Object.hasOwn(roles, name) ? roles[name] : undefined)));
  }

  #tenantOf(payload: JWTPayload): unknown {
    const { tenantClaim, tenant } = this.trusted;
    return tenantClaim === undefined ? tenant : claimAt(payload, tenantClaim);
  }

  #publishedKeys(): Promise<JWTVerifyGetKey> {
    this.#keys ??= discoverKeys(this.trusted.issuer).catch((error: unknown) => {
      this.#keys = undefined;
      throw new ForgeError('AUTH_UNAVAILABLE', `cannot find the keys of ${this.trusted.issuer}: ${error}`, error);
    });
    return this.#keys;
  }
}

/** Reads the mapping `value=role,value=role`; undefined when it is none. */
export function parseRoles(text: string): Record<string, Role> | undefined {
  const entries = text.split(',').map((part) => {
    const at = part.lastIndexOf('=');
    return [part.slice(0, at).trim(), part.slice(at + 1).trim()] as const;
  });
  const areGood = entries.every(([value, role]) => value !== '' && isRole(role));
  return areGood ? (Object.fromEntries(entries) as Record<string, Role>) : undefined;
}

/** An id token tells its client who logged in; whoever has it must not be able to act with it. */
function isAccessToken(payload: JWTPayload, typ: string | undefined): boolean {
  const kind = typ?.toLowerCase().replace(/^application\//, '');
  if (kind !== undefined && kind !== 'at+jwt' && kind !== 'jwt') return false;
  const isOfAnotherKind = payload['typ'] !== undefined && payload['typ'] !== 'Bearer';
  return !isOfAnotherKind && ['nonce', 'at_hash', 'c_hash', 's_hash'].every((claim) => payload[claim] === undefined);
}

function claimAt(payload: JWTPayload, path: string): unknown {
  let value: unknown = payload;
  for (const name of Object.hasOwn(payload, path) ? [path] : path.split('.')) {
    value =
      typeof value === 'object' && value !== null && Object.hasOwn(value, name) ? Reflect.get(value, name) : undefined;
  }
  return value;
}

/** The keys that an issuer names in its discovery document (OpenID Connect Discovery 1.0). */
async function discoverKeys(issuer: string): Promise<JWTVerifyGetKey> {
  const url = `${issuer.replace(/\/$/, '')}/.well-known/openid-configuration`;
  const answer = await fetch(url, { signal: AbortSignal.timeout(DISCOVERY_TIMEOUT_MS), redirect: 'error' });
  if (!answer.ok) throw new Error(`${url} answered ${answer.status}`);
  const { issuer: named, jwks_uri: keys } = (await answer.json()) as { issuer?: unknown; jwks_uri?: unknown };
  if (named !== issuer) throw new Error(`${url} is of another issuer`);
  return createRemoteJWKSet(assertSafeUrl(String(keys)), KEY_FETCHES);
}

/** Keys that come unencrypted can be anybody's; on this machine there is nobody between. @throws Error */
export function assertSafeUrl(text: string): URL {
  const url = new URL(text);
  if (url.protocol === 'https:' || (url.protocol === 'http:' && isLoopback(url.hostname))) return url;
  throw new Error(`${text} is not https`);
}
