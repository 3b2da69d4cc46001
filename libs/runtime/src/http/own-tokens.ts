import {
  ACCESS_TOKEN,
  AUTH_PATHS,
  isId,
  isRole,
  isScope,
  scopesOfRole,
  type Caller,
  type Role,
  type Scope,
} from '@agent-forge/contracts';
import type { Revocable } from '@agent-forge/nats';
import { createRemoteJWKSet, jwtVerify, type JWTPayload, type JWTVerifyGetKey } from 'jose';

/** Machines' clocks differ by seconds. */
export const CLOCK_TOLERANCE_SECONDS = 5;
/** Keys are fetched again after this time, and at once (but not more often than the cooldown) for a key id that is not known. */
export const KEY_FETCHES = { cacheMaxAge: 10 * 60_000, cooldownDuration: 5_000, timeoutDuration: 5_000 } as const;

/** What a valid token says. */
export interface VerifiedToken {
  readonly caller: Caller;
  readonly expiresAtMs: number;
  /** By what it can be revoked. */
  readonly revocable: Revocable;
}

/** The keys that an auth service publishes, fetched when they are needed. */
export function publishedKeys(authUrl: string): JWTVerifyGetKey {
  return createRemoteJWKSet(new URL(AUTH_PATHS.jwks, authUrl), KEY_FETCHES);
}

/** Verifies a token of the auth service. @returns undefined when it is signed, but not of our form @throws errors of jose */
export async function verifyOwnToken(
  token: string,
  keys: JWTVerifyGetKey,
  issuer: string,
): Promise<VerifiedToken | undefined> {
  const { payload } = await jwtVerify(token, keys, {
    issuer,
    audience: ACCESS_TOKEN.audience,
    typ: ACCESS_TOKEN.type,
    algorithms: [ACCESS_TOKEN.algorithm],
    clockTolerance: CLOCK_TOLERANCE_SECONDS,
    requiredClaims: ['sub', 'exp', 'iat', 'jti', 'tenant', 'roles', 'scope', 'gen'],
  });
  const { sub, tenant, jti, exp, iat, aud, roles, scope, sid, gen } = payload;
  const role = Array.isArray(roles) && roles.length === 1 && isRole(roles[0]) ? roles[0] : undefined;
  const isOurs = isId(sub) && isId(tenant) && typeof jti === 'string' && aud === ACCESS_TOKEN.audience;
  const areWhole = [exp, iat, gen].every(Number.isSafeInteger);
  const scopes = role && scopesOf(role, scope);
  if (!isOurs || !areWhole || role === undefined || scopes === undefined || !isSession(sid)) return undefined;
  const revocable = { id: jti, session: sid, subject: sub, generation: Number(gen), tenant };
  return { caller: { subject: sub, tenant, role, scopes }, expiresAtMs: exp! * 1_000, revocable };
}

function isSession(sid: unknown): sid is string | undefined {
  return sid === undefined || isId(sid);
}

/** What a token asks for, as far as its role may have it. */
function scopesOf(role: Role, scope: JWTPayload[string]): Scope[] | undefined {
  if (typeof scope !== 'string') return undefined;
  const allowed = scopesOfRole(role);
  return scope.split(' ').filter((name): name is Scope => isScope(name) && allowed.includes(name));
}
