import { createParamDecorator, Injectable, type CanActivate, type ExecutionContext } from '@nestjs/common';
import type { FastifyReply, FastifyRequest } from 'fastify';
import type { Caller } from '@agent-forge/contracts';
import { TokenVerifier } from '@agent-forge/runtime';
import { BrowserLogin } from './browser-login.js';
import { isPage, OPEN_ROUTES } from './open-routes.js';

/** Who sent a request that the guard let through. */
const callers = new WeakMap<FastifyRequest, Caller>();
/** What makes a browser ask for id and secret of a client. */
const CHALLENGE = 'Basic realm="Agent Forge", charset="UTF-8"';

/** Lets a request through when it carries a valid token (for pages: or a client's login), or when its route is one of the few open ones. */
@Injectable()
export class TokenGuard implements CanActivate {
  constructor(
    private readonly verifier: TokenVerifier,
    private readonly browsers: BrowserLogin,
  ) {}

  async canActivate(context: ExecutionContext): Promise<boolean> {
    const http = context.switchToHttp();
    const request = http.getRequest<FastifyRequest>();
    const route = request.routeOptions.url ?? '';
    if (OPEN_ROUTES.includes(route)) return true;
    callers.set(request, await this.#callerOf(request, http.getResponse(), isPage(route)));
    return true;
  }

  #callerOf({ headers }: FastifyRequest, reply: FastifyReply, page: boolean): Promise<Caller> {
    if (!page || /^Bearer /i.test(headers.authorization ?? '')) return this.verifier.verify(headers.authorization);
    void reply.header('www-authenticate', CHALLENGE);
    return this.browsers.verify(headers.authorization);
  }
}

/** The caller, as a parameter of a route's method. */
export const CallerOf = createParamDecorator((_: unknown, context: ExecutionContext): Caller => {
  const caller = callers.get(context.switchToHttp().getRequest<FastifyRequest>());
  if (caller === undefined) throw new Error('an open route cannot ask who calls');
  return caller;
});
