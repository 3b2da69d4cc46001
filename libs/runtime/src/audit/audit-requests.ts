import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { ForgeError, PROBLEM_TYPE, type AuditLog, type Caller } from '@agent-forge/contracts';
import { problemOf } from '../http/problem.js';
import type { Logger } from '../logger.js';
import { eventOf, isAudited } from './event-of.js';
import { Strangers } from './strangers.js';

/** What the audit of requests is made of. */
export interface AuditOptions {
  readonly log: AuditLog;
  /** Who sent a request; it may throw for those whom nobody knows. Also asked of requests that were answered before the guard. */
  readonly identify: (request: FastifyRequest) => Promise<Caller | undefined>;
  readonly logger: Logger;
}

/**
 * Records every request that may have changed something, every denial, and whoever asks for what is not there for them; of strangers within limits.
 * The answer waits for its record: when there can be none, the caller gets the error of that instead and must look whether the change was made.
 */
export function auditRequests(fastify: FastifyInstance, { log, identify, logger }: AuditOptions): void {
  const strangers = new Strangers(log, (error) =>
    logger.error({ err: error }, 'requests of strangers cannot be recorded in the audit log'),
  );
  fastify.addHook('preClose', () => strangers.flush());
  fastify.addHook('onSend', (request, reply, payload: unknown, done) => {
    if (!isAudited(request, reply.statusCode)) return done(null, payload);
    record(request, reply, payload).then((answer) => done(null, answer), done);
  });

  async function record(request: FastifyRequest, reply: FastifyReply, payload: unknown): Promise<unknown> {
    try {
      await strangers.append(eventOf(request, reply, await identify(request).catch(() => undefined)));
      return payload;
    } catch (thrown) {
      const error = ForgeError.from(thrown);
      logger.error({ err: error, requestId: request.id }, 'a request cannot be recorded in the audit log');
      const problem = problemOf(error, request.id);
      reply.removeHeader('location').removeHeader('content-length').status(problem.status).type(PROBLEM_TYPE);
      return JSON.stringify(problem);
    }
  }
}
