import type { FastifyReply, FastifyRequest } from 'fastify';
import { API_KEY_PREFIX, type Caller } from '@agent-forge/contracts';
import type { TokenVerifier, VerifiedToken } from '@agent-forge/runtime';
import type { CredentialLogin } from './credential-login.js';
import { isPage } from './routes.js';

/** What makes a browser ask for id and secret of a client. */
const CHALLENGE = 'Basic realm="Agent Forge", charset="UTF-8"';
const API_KEY = new RegExp(`^Bearer (${API_KEY_PREFIX}\\S{1,200})$`, 'i');

/** How soon a stream ends whose token is revoked, besides the time in which the gateway hears of it. */
const WATCH_MS = 1_000;

/** Finds out who sent a request, once for each: by its token, its API key, or on pages a client's login. */
export class Identification {
  readonly #tokens = new WeakMap<FastifyRequest, Promise<VerifiedToken>>();

  constructor(
    private readonly verifier: TokenVerifier,
    private readonly logins: CredentialLogin,
  ) {}

  /** @param reply gets the challenge of a page, where there is one to ask */
  async callerOf(request: FastifyRequest, reply?: FastifyReply): Promise<Caller> {
    return (await this.#tokenOf(request, reply)).caller;
  }

  /**
   * A signal for answers that last: aborted once the token of their request is revoked, though it was good at first.
   * @param until ends the watch
   */
  endOfRights(request: FastifyRequest, until: AbortSignal): AbortSignal {
    const ended = new AbortController();
    const timer = setInterval(async () => {
      if (this.verifier.isRevoked(await this.#tokenOf(request))) ended.abort();
    }, WATCH_MS).unref();
    until.addEventListener('abort', () => clearInterval(timer), { once: true });
    return ended.signal;
  }

  #tokenOf(request: FastifyRequest, reply?: FastifyReply): Promise<VerifiedToken> {
    const known = this.#tokens.get(request);
    if (known !== undefined) return known;
    const token = this.#identify(request, reply);
    this.#tokens.set(request, token);
    return token;
  }

  #identify(
    { headers: { authorization = '' }, routeOptions }: FastifyRequest,
    reply?: FastifyReply,
  ): Promise<VerifiedToken> {
    const [, apiKey] = API_KEY.exec(authorization) ?? [];
    if (apiKey !== undefined) return this.logins.ofApiKey(apiKey);
    if (!isPage(routeOptions.url ?? '') || /^Bearer /i.test(authorization))
      return this.verifier.verifyHeader(authorization);
    void reply?.header('www-authenticate', CHALLENGE);
    return this.logins.ofBrowser(authorization);
  }
}
