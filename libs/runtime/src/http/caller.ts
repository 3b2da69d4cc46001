import { createParamDecorator, type ExecutionContext } from '@nestjs/common';
import type { FastifyRequest } from 'fastify';
import { ForgeError, type Caller, type Scope } from '@agent-forge/contracts';

/** Who sent a request that a guard let through. */
const callers = new WeakMap<FastifyRequest, Caller>();

/** Remembers who sent a request. */
export function setCaller(request: FastifyRequest, caller: Caller): void {
  callers.set(request, caller);
}

/** Who sent a request; undefined before the guard has let it through. */
export function callerOf(request: FastifyRequest): Caller | undefined {
  return callers.get(request);
}

/** The caller, as a parameter of a route's method. */
export const CallerOf = createParamDecorator((_: unknown, context: ExecutionContext): Caller => {
  const caller = callerOf(context.switchToHttp().getRequest<FastifyRequest>());
  if (caller === undefined) throw new Error('an open route cannot ask who calls');
  return caller;
});

/** @throws ForgeError FORBIDDEN when a caller's token is not good for something */
export function assertScope({ role, scopes }: Caller, scope: Scope): void {
  if (!scopes.includes(scope))
    throw new ForgeError('FORBIDDEN', `this needs the scope ${scope}, which the ${role}'s token does not have`);
}
