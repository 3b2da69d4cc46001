import { API_KEY_PREFIX, isScope, type Caller, type Scope } from '@agent-forge/contracts';
import type { ApiKeys } from '../identities/api-keys.js';
import { scopesOf, type Principal } from '../identities/principal.js';
import type { Principals } from '../identities/principals.js';
import type { Tenants } from '../identities/tenants.js';
import type { Logins } from '../login/logins.js';
import { digestOf, isSecretOf, makeSecret } from '../secrets/secret-digest.js';
import type { EndedSession, Sessions } from '../sessions/sessions.js';
import type { IssuedToken, TokenClaims, TokenIssuer } from './token-issuer.js';

/** What a client shows to get tokens. */
export interface Credentials {
  readonly clientId: string;
  readonly clientSecret: string;
}

/** A token that was granted, and to whom. */
export interface Granted extends IssuedToken {
  readonly caller: Caller;
  /** The next one of the session, where there is a session. */
  readonly refreshToken?: string;
}

/** Why nothing is granted: the errors of RFC 6749, section 5.2, that are for grants. */
export interface Refused {
  readonly refused: 'invalid_client' | 'invalid_grant' | 'invalid_scope';
  readonly description: string;
  /** Whose grant it was, if that is known for certain. */
  readonly subject?: string;
  readonly tenant?: string;
}

/** For clients that there are not: the work is the same. */
const NOBODY = digestOf(makeSecret());

/** All ways to get a token. */
export class Grants {
  constructor(
    private readonly principals: Principals,
    private readonly tenants: Tenants,
    private readonly keys: ApiKeys,
    private readonly sessions: Sessions,
    private readonly logins: Logins,
    private readonly issuer: TokenIssuer,
  ) {}

  /** To a client for its secret, or to whoever has an API key, for that (RFC 6749, section 4.4). @param scope what is asked for (default: all) */
  async forSecret({ clientId, clientSecret }: Credentials, scope?: string): Promise<Granted | Refused> {
    if (clientSecret.startsWith(API_KEY_PREFIX)) return this.#forApiKey(clientId, clientSecret, scope);
    const found = await this.principals.get(clientId);
    const client = found?.kind === 'client' ? found : undefined;
    const digests = client?.secrets?.length ? client.secrets : [NOBODY];
    const isRight = digests.filter((digest) => isSecretOf(clientSecret, digest)).length > 0;
    if (!client || !isRight || !(await this.#isActive(client)))
      return refusedFor('invalid_client', 'the client is unknown, or its secret is wrong');
    return this.#grant({ principal: client, scopes: scopesOf(client) }, scope);
  }

  /** To whoever has the refresh token of a session; the token is good once (RFC 6749, section 6). */
  async forRefreshToken(token: string, scope?: string): Promise<Granted | Refused> {
    const found = await this.sessions.find(token);
    if ('ended' in found) return refusedAs(found);
    const { session, principal } = found;
    if (!(await this.#isActive(principal))) return refusedFor('invalid_grant', 'the session has ended; log in again');
    const scopes = narrowed(
      scopesOf(principal).filter((each) => session.scopes.includes(each)),
      scope,
    );
    // Before the token is used up: a mistake in the request does not cost the session.
    if (scopes === undefined) return invalidScope();
    const refreshToken = await this.sessions.continue(found);
    if (typeof refreshToken !== 'string') return refusedAs(refreshToken);
    return { ...(await this.#issue({ principal, scopes, session: session.id })), refreshToken };
  }

  /** To a user for the password. @throws LockedOut, ForgeError TOO_MANY_ATTEMPTS */
  async forPassword(name: string, password: string, scope?: string): Promise<Granted | Refused> {
    const user = await this.logins.authenticate(name, password);
    if (user === undefined || !(await this.#isActive(user)))
      return refusedFor('invalid_grant', 'there is no such user, or the password is wrong');
    const scopes = narrowed(scopesOf(user), scope);
    if (scopes === undefined) return invalidScope();
    const { session, refreshToken } = await this.sessions.start(user, scopes);
    return { ...(await this.#issue({ principal: user, scopes, session: session.id })), refreshToken };
  }

  async #forApiKey(id: string, text: string, scope?: string): Promise<Granted | Refused> {
    const key = await this.keys.find(text);
    const owner = key?.id === id ? await this.principals.get(key.owner) : undefined;
    if (!key || !owner || !(await this.#isActive(owner)))
      return refusedFor('invalid_client', 'the API key is unknown, revoked or has ended');
    const scopes = scopesOf(owner).filter((each) => key.scopes.includes(each));
    const endsAtMs = Date.parse(key.expiresAt);
    return this.#grant({ principal: owner, scopes, session: key.id, endsAtMs }, scope);
  }

  async #isActive({ isDisabled, tenant }: Principal): Promise<boolean> {
    return !isDisabled && (await this.tenants.get(tenant))?.isDisabled === false;
  }

  async #grant(claims: TokenClaims, scope: string | undefined): Promise<Granted | Refused> {
    const scopes = narrowed(claims.scopes, scope);
    return scopes === undefined ? invalidScope() : this.#issue({ ...claims, scopes });
  }

  async #issue(claims: TokenClaims): Promise<Granted> {
    const { id: subject, tenant, role } = claims.principal;
    const caller: Caller = { subject, tenant, role, scopes: claims.scopes };
    return { ...(await this.issuer.issue(claims)), caller };
  }
}

/** What is asked for, of what may be had; undefined when something else is asked for. */
function narrowed(allowed: readonly Scope[], scope: string | undefined): Scope[] | undefined {
  if (scope === undefined) return [...allowed];
  const asked = [...new Set(scope.split(' ').filter((name) => name !== ''))];
  return asked.length > 0 && asked.every((name) => isScope(name) && allowed.includes(name))
    ? (asked as Scope[])
    : undefined;
}

function refusedAs({ ended, ...whose }: EndedSession): Refused {
  const description =
    ended === 'reused'
      ? 'the refresh token was used before; its session has ended, log in again'
      : 'the session has ended, or there is none of this token; log in again';
  return { refused: 'invalid_grant', description, ...whose };
}

function refusedFor(refused: Refused['refused'], description: string): Refused {
  return { refused, description };
}

function invalidScope(): Refused {
  return refusedFor('invalid_scope', 'a scope that is asked for does not exist, or may not be had');
}
