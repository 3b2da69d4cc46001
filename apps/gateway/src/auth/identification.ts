import type { OnModuleDestroy } from '@nestjs/common';
import { ExecutionContextHost } from '@nestjs/core/helpers/execution-context-host.js';
import type { FastifyReply, FastifyRequest } from 'fastify';
import type { Caller } from '@agent-forge/contracts';
import type { TokenVerifier, VerifiedToken } from '@agent-forge/runtime';
import { credentialGuard, isPageLogin, type CredentialGuard } from './credential-guard.js';
import type { CredentialLogin } from './credential-login.js';

/** What makes a browser ask for id and secret of a client. */
const CHALLENGE = 'Basic realm="Agent Forge", charset="UTF-8"';

/** How soon a stream ends whose token is revoked, besides the time in which the gateway hears of it. */
const WATCH_MS = 1_000;

/** Finds out who sent a request, once for each, whether its route asks or the audit log. */
export class Identification implements OnModuleDestroy {
  readonly #tokens = new WeakMap<FastifyRequest, Promise<VerifiedToken>>();
  readonly #guard: CredentialGuard;

  constructor(
    private readonly verifier: TokenVerifier,
    logins: CredentialLogin,
  ) {
    this.#guard = credentialGuard(verifier, logins);
  }

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

  onModuleDestroy(): void {
    this.#guard.close();
  }

  #tokenOf(request: FastifyRequest, reply?: FastifyReply): Promise<VerifiedToken> {
    const known = this.#tokens.get(request);
    if (known !== undefined) return known;
    const token = this.#identify(request, reply);
    this.#tokens.set(request, token);
    return token;
  }

  async #identify(request: FastifyRequest & { user?: VerifiedToken }, reply?: FastifyReply): Promise<VerifiedToken> {
    if (isPageLogin(request)) void reply?.header('www-authenticate', CHALLENGE);
    await this.#guard.canActivate(new ExecutionContextHost([request, reply]));
    return request.user!;
  }
}
