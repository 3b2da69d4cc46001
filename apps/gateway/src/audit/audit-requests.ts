import type { FastifyInstance, FastifyRequest } from 'fastify';
import { ForgeError, PROBLEM_TYPE, type AuditLog, type Caller } from '@agent-forge/contracts';
import { problemOf, type Logger, type TokenVerifier } from '@agent-forge/runtime';
import { eventOf, isAudited } from './event-of.js';
import { Strangers } from './strangers.js';

/** What the audit of requests is made of. */
export interface AuditOptions {
  readonly log: AuditLog;
  readonly verifier: TokenVerifier;
  readonly logger: Logger;
}

/**
 * Records every request that may have changed something, and every denial; of strangers within limits. The answer waits for its record: when there can be none, the caller gets
 * the error of that instead and must look whether the change was made.
 */
export function auditRequests(fastify: FastifyInstance, { log, verifier, logger }: AuditOptions): void {
  const strangers = new Strangers(log, (error) =>
    logger.error({ err: error }, 'requests of strangers cannot be recorded in the audit log'),
  );
  fastify.addHook('preClose', () => strangers.flush());
  fastify.addHook('onSend', async (request, reply, payload: unknown) => {
    if (!isAudited(request, reply.statusCode)) return payload;
    try {
      await strangers.append(eventOf(request, reply, await callerOf(verifier, request)));
      return payload;
    } catch (thrown) {
      const error = ForgeError.from(thrown);
      logger.error({ err: error, requestId: request.id }, 'a request cannot be recorded in the audit log');
      const problem = problemOf(error, request.id);
      reply.removeHeader('location').removeHeader('content-length').status(problem.status).type(PROBLEM_TYPE);
      return JSON.stringify(problem);
    }
  });
}

/** Verified once more, since an answer can also come from before the guard: whoever is named here has really asked. */
async function callerOf(verifier: TokenVerifier, { headers }: FastifyRequest): Promise<Caller | undefined> {
  return verifier.verify(headers.authorization).catch(() => undefined);
}
