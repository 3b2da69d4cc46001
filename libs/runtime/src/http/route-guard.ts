import type { CanActivate, ExecutionContext } from '@nestjs/common';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { ForgeError, type Caller, type Scope } from '@agent-forge/contracts';
import { assertScope, setCaller } from './caller.js';
import { scopeOfRoute, type RouteRules } from './route-rules.js';

/** What a guard goes by. */
export interface RouteGuardOptions {
  /** Routes that answer whoever asks. */
  readonly open: readonly string[];
  readonly rules: RouteRules;
  /** Who sent a request. @throws ForgeError UNAUTHENTICATED, AUTH_UNAVAILABLE, BROKER_UNAVAILABLE */
  readonly identify: (request: FastifyRequest, reply: FastifyReply) => Promise<Caller>;
}

/** Lets a request through when its route is open, or when its caller is known and may do this; a route without a rule is for nobody. */
export class RouteGuard implements CanActivate {
  /** What was found out once, by method and route. */
  readonly #scopes = new Map<string, Scope | undefined>();

  constructor(private readonly options: RouteGuardOptions) {}

  async canActivate(context: ExecutionContext): Promise<boolean> {
    const { open, identify } = this.options;
    const http = context.switchToHttp();
    const request = http.getRequest<FastifyRequest>();
    const route = request.routeOptions.url ?? '';
    if (open.includes(route)) return true;
    const caller = await identify(request, http.getResponse());
    setCaller(request, caller);
    const scope = this.#scopeOf(request.method, route);
    if (scope === undefined) throw new ForgeError('FORBIDDEN', 'nobody may use this route: it has no rule');
    assertScope(caller, scope);
    return true;
  }

  #scopeOf(method: string, route: string): Scope | undefined {
    const key = `${method} ${route}`;
    if (!this.#scopes.has(key)) this.#scopes.set(key, scopeOfRoute(this.options.rules, method, route));
    return this.#scopes.get(key);
  }
}
