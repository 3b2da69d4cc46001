import { Injectable, type CanActivate, type ExecutionContext } from '@nestjs/common';
import type { FastifyRequest } from 'fastify';
import { AUTH_PATHS } from '@agent-forge/contracts';
import { TokenVerifier } from '@agent-forge/runtime';

/** Every route of this service that answers without a token: whoever has none gets one here, and verifies it with the keys. */
export const OPEN_ROUTES: readonly string[] = ['/health', '/ready', AUTH_PATHS.jwks, AUTH_PATHS.token];

/** Lets a request through when its route is open, or when it carries a token of this service. */
@Injectable()
export class TokenGuard implements CanActivate {
  constructor(private readonly verifier: TokenVerifier) {}

  async canActivate(context: ExecutionContext): Promise<boolean> {
    const { routeOptions, headers } = context.switchToHttp().getRequest<FastifyRequest>();
    if (!OPEN_ROUTES.includes(routeOptions.url ?? '')) await this.verifier.verify(headers.authorization);
    return true;
  }
}
