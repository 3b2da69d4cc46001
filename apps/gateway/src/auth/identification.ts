import type { FastifyReply, FastifyRequest } from 'fastify';
import { API_KEY_PREFIX, type Caller } from '@agent-forge/contracts';
import type { TokenVerifier } from '@agent-forge/runtime';
import type { CredentialLogin } from './credential-login.js';
import { isPage } from './routes.js';

/** What makes a browser ask for id and secret of a client. */
const CHALLENGE = 'Basic realm="Agent Forge", charset="UTF-8"';
const API_KEY = new RegExp(`^Bearer (${API_KEY_PREFIX}\\S{1,200})$`, 'i');

/** Finds out who sent a request, once for each: by its token, its API key, or on pages a client's login. */
export class Identification {
  readonly #callers = new WeakMap<FastifyRequest, Promise<Caller>>();

  constructor(
    private readonly verifier: TokenVerifier,
    private readonly logins: CredentialLogin,
  ) {}

  /** @param reply gets the challenge of a page, where there is one to ask */
  callerOf(request: FastifyRequest, reply?: FastifyReply): Promise<Caller> {
    const known = this.#callers.get(request);
    if (known !== undefined) return known;
    const caller = this.#identify(request, reply);
    this.#callers.set(request, caller);
    return caller;
  }

  #identify({ headers: { authorization = '' }, routeOptions }: FastifyRequest, reply?: FastifyReply): Promise<Caller> {
    const [, apiKey] = API_KEY.exec(authorization) ?? [];
    if (apiKey !== undefined) return this.logins.ofApiKey(apiKey);
    if (!isPage(routeOptions.url ?? '') || /^Bearer /i.test(authorization)) return this.verifier.verify(authorization);
    void reply?.header('www-authenticate', CHALLENGE);
    return this.logins.ofBrowser(authorization);
  }
}
