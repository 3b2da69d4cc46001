import { createHash } from 'node:crypto';
import type { CallHandler, ExecutionContext, NestInterceptor } from '@nestjs/common';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { from, lastValueFrom, type Observable } from 'rxjs';
import { canonicalJson, ForgeError } from '@agent-forge/contracts';
import { BodyPipe, callerOf, type Logger } from '@agent-forge/runtime';
import { isUploadRoute } from '../uploads/accept-bodies.js';
import type { Answer, Attempt, FirstAnswers } from './first-answers.js';
import { IDEMPOTENCY_KEY, parseIdempotencyKey } from './idempotency-key.js';
import { setMadeId } from './made-ids.js';

/** When a request that is still being answered is worth another look. */
const RETRY_AFTER_S = '1';

/**
 * Does a POST with an Idempotency-Key once (draft-ietf-httpapi-idempotency-key-header): the same request of the same caller gets the first answer
 * again. Uploads are left out: what they store is named by its digest, so that repeating one changes nothing.
 */
export class IdempotencyInterceptor implements NestInterceptor {
  constructor(
    private readonly answers: FirstAnswers,
    private readonly logger: Logger,
  ) {}

  intercept(context: ExecutionContext, next: CallHandler): Observable<unknown> {
    const http = context.switchToHttp();
    const request = http.getRequest<FastifyRequest>();
    if (request.method !== 'POST' || isUploadRoute(request.routeOptions.url ?? '')) return next.handle();
    const key = parseIdempotencyKey(request.headers[IDEMPOTENCY_KEY]);
    return key === undefined ? next.handle() : from(this.#once(key, request, http.getResponse<FastifyReply>(), next));
  }

  async #once(key: string, request: FastifyRequest, reply: FastifyReply, next: CallHandler): Promise<unknown> {
    const begun = await this.answers.begin(placeOf(key, request), fingerprintOf(request)).catch((error: unknown) => {
      if (error instanceof ForgeError && error.code === 'IDEMPOTENCY_KEY_IN_USE')
        void reply.header('retry-after', RETRY_AFTER_S);
      throw error;
    });
    if ('answer' in begun) return again(begun.answer, reply);
    setMadeId(request, begun.made);
    const value = await this.#done(begun, next);
    const location = reply.getHeader('location');
    const answer: Answer = {
      status: reply.statusCode,
      body: JSON.stringify(value),
      ...(location === undefined ? {} : { location: String(location) }),
    };
    // It is done: that the answer could not be kept must not look as if it were not.
    await begun.answered(answer).catch((error: unknown) => this.#warn(error));
    return value;
  }

  async #done(attempt: Attempt, next: CallHandler): Promise<unknown> {
    try {
      return await lastValueFrom(next.handle());
    } catch (error) {
      const isUndone = ForgeError.from(error).httpStatus < 500;
      await attempt.failed(isUndone).catch((failure: unknown) => this.#warn(failure));
      throw error;
    }
  }

  #warn(error: unknown): void {
    this.logger.warn({ err: error }, 'what came of a request with an Idempotency-Key cannot be kept');
  }
}

/** The first answer, word for word. */
function again({ status, body, location }: Answer, reply: FastifyReply): unknown {
  void reply.status(status).header('idempotency-replayed', 'true');
  if (location !== undefined) void reply.header('location', location);
  return JSON.parse(body);
}

/** Where the answer is kept: apart for every tenant, caller, route and key. */
function placeOf(key: string, request: FastifyRequest): string {
  const caller = callerOf(request);
  if (caller === undefined) throw new ForgeError('UNAUTHENTICATED', 'an open route takes no Idempotency-Key');
  return `${caller.tenant}.${digestOf([caller.subject, request.routeOptions.url, key])}`;
}

/** What is asked for: the path with its ids, and the body, which is read here before its class is checked. */
function fingerprintOf({ url, body }: FastifyRequest): string {
  return digestOf([url, new BodyPipe().transform(body) ?? null]);
}

function digestOf(parts: readonly unknown[]): string {
  return createHash('sha256').update(canonicalJson(parts)).digest('hex');
}
