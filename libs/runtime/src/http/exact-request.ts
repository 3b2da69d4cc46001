import type { CallHandler, ExecutionContext, NestInterceptor } from '@nestjs/common';
import { ROUTE_ARGS_METADATA } from '@nestjs/common/constants.js';
import { RouteParamtypes } from '@nestjs/common/enums/route-paramtypes.enum.js';
import type { FastifyRequest } from 'fastify';
import type { Observable } from 'rxjs';
import { ForgeError } from '@agent-forge/contracts';

/**
 * Refuses what a route does not read: a query where it takes none, and a body where it takes none; and a change that says nothing. Where it takes some, its class says what
 * (`validationPipe`). What is silently left aside would look to the caller as if it counted.
 */
export class ExactRequest implements NestInterceptor {
  readonly #taken = new WeakMap<object, ReadonlySet<number>>();

  intercept(context: ExecutionContext, next: CallHandler): Observable<unknown> {
    const { query, body, method } = context.switchToHttp().getRequest<FastifyRequest>();
    const taken = this.#takenBy(context);
    const [field] = Object.keys((query ?? {}) as object);
    if (field !== undefined && !taken.has(RouteParamtypes.QUERY))
      throw new ForgeError('INVALID_ARGUMENT', `${field.slice(0, 80)}: this route takes no query parameters`);
    const readsBody = taken.has(RouteParamtypes.BODY) || taken.has(RouteParamtypes.REQUEST);
    if (isFilled(body) && !readsBody) throw new ForgeError('INVALID_ARGUMENT', 'this route takes no body');
    // A class all of whose fields may be absent would take these for no change.
    if (method === 'PATCH' && (body === undefined || body === null))
      throw new ForgeError('INVALID_ARGUMENT', 'send what is to change, as a JSON object');
    return next.handle();
  }

  /** What a route's method is called with; other parameters of it are none of the caller's. */
  #takenBy(context: ExecutionContext): ReadonlySet<number> {
    const handler = context.getHandler();
    const known = this.#taken.get(handler);
    if (known !== undefined) return known;
    const parameters = Reflect.getMetadata(ROUTE_ARGS_METADATA, context.getClass(), handler.name) as object | undefined;
    // Keys are a kind and a position, `4:1`.
    const taken = new Set(Object.keys(parameters ?? {}).map((key) => Number(key.split(':')[0])));
    this.#taken.set(handler, taken);
    return taken;
  }
}

/** Clients send an empty object where they have nothing to say. */
function isFilled(body: unknown): boolean {
  return body !== undefined && body !== null && !(typeof body === 'object' && Object.keys(body).length === 0);
}
