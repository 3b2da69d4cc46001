import { createParamDecorator, Injectable, type CanActivate, type ExecutionContext } from '@nestjs/common';
import type { FastifyRequest } from 'fastify';
import type { Caller } from '@agent-forge/contracts';
import { OPEN_ROUTES } from './open-routes.js';
import { TokenVerifier } from './token-verifier.js';

/** Who sent a request that the guard let through. */
const callers = new WeakMap<FastifyRequest, Caller>();

/** Lets a request through when it carries a valid token, or when its route is one of the few open ones. */
@Injectable()
export class TokenGuard implements CanActivate {
  constructor(private readonly verifier: TokenVerifier) {}

  async canActivate(context: ExecutionContext): Promise<boolean> {
    const request = context.switchToHttp().getRequest<FastifyRequest>();
    if (OPEN_ROUTES.includes(request.routeOptions.url ?? '')) return true;
    callers.set(request, await this.verifier.verify(request.headers.authorization));
    return true;
  }
}

/** The caller, as a parameter of a route's method. */
export const CallerOf = createParamDecorator((_: unknown, context: ExecutionContext): Caller => {
  const caller = callers.get(context.switchToHttp().getRequest<FastifyRequest>());
  if (caller === undefined) throw new Error('an open route cannot ask who calls');
  return caller;
});
