import { randomUUID } from 'node:crypto';
import type { ExecutionContext } from '@nestjs/common';
import { AuthGuard, PassportStrategy } from '@nestjs/passport';
import type { FastifyRequest } from 'fastify';
import passport from 'passport';
import { API_KEY_PREFIX, ForgeError } from '@agent-forge/contracts';
import type { TokenVerifier, VerifiedToken } from '@agent-forge/runtime';
import type { CredentialLogin } from './credential-login.js';
import { isPage } from './routes.js';

const API_KEY = new RegExp(`^Bearer (${API_KEY_PREFIX}\\S{1,200})$`, 'i');
const ACCESS_TOKEN = /^Bearer ([A-Za-z0-9_.-]{1,4096})$/i;
const BEARER = /^Bearer /i;

type CredentialOf = (request: FastifyRequest) => string | undefined;
type Verify = (credential: string) => Promise<VerifiedToken>;

/** Takes one kind of credential out of a request; what is not of its kind is left to the next strategy. */
class HeaderStrategy extends passport.Strategy {
  constructor(
    private readonly credentialOf: CredentialOf,
    private readonly verify: (credential: string, done: (error: unknown, token?: VerifiedToken) => void) => void,
  ) {
    super();
  }

  override authenticate(request: unknown): void {
    const credential = this.credentialOf(request as FastifyRequest);
    if (credential === undefined) return this.fail(401);
    this.verify(credential, (error, token) => (token ? this.success(token) : this.error(error)));
  }
}

/** Whether a person has opened a page with a browser, which cannot send a token by itself. */
export function isPageLogin({ headers: { authorization = '' }, routeOptions }: FastifyRequest): boolean {
  return isPage(routeOptions.url ?? '') && !BEARER.test(authorization);
}

/** What decides who sent a request. */
export interface CredentialGuard {
  /** Leaves the verified token as `user` of the request. @throws ForgeError UNAUTHENTICATED, AUTH_UNAVAILABLE, BROKER_UNAVAILABLE */
  canActivate(context: ExecutionContext): Promise<boolean>;
  /** Takes its strategies out of passport. */
  close(): void;
}

/**
 * The strategies by which a gateway knows its callers: API keys and access tokens (RFC 6750), and on pages, which browsers open, a client's login (RFC 7617).
 * passport keeps strategies by name in one object of the process; the names are made anew, so that two gateways in one process share none.
 */
export function credentialGuard(verifier: TokenVerifier, logins: CredentialLogin): CredentialGuard {
  const instance = randomUUID();
  const names: string[] = [];
  const add = (kind: string, credentialOf: CredentialOf, verify: Verify) => {
    const name = `${kind} ${instance}`;
    class CredentialStrategy extends PassportStrategy(HeaderStrategy, name) {
      validate(credential: string): Promise<VerifiedToken> {
        return verify(credential);
      }
    }
    new CredentialStrategy(credentialOf);
    names.push(name);
  };
  add(
    'api-key',
    ({ headers }) => API_KEY.exec(headers.authorization ?? '')?.[1],
    (key) => logins.ofApiKey(key),
  );
  add(
    'bearer',
    ({ headers }) => ACCESS_TOKEN.exec(headers.authorization ?? '')?.[1],
    (token) => verifier.verifyToken(token),
  );
  add(
    'page',
    (request) => (isPageLogin(request) ? (request.headers.authorization ?? '') : undefined),
    (header) => logins.ofBrowser(header),
  );

  class Guard extends AuthGuard(names) {
    /** Passport's own answer would be a text; ours are problems (RFC 9457). */
    override handleRequest<User>(error: unknown, user: User | false): User {
      if (user) return user;
      throw error ?? new ForgeError('UNAUTHENTICATED', 'send an access token: "Authorization: Bearer <token>"');
    }

    close(): void {
      for (const name of names) passport.unuse(name);
    }
  }
  return new Guard({ session: false }) as unknown as CredentialGuard;
}
