import { Catch, type ArgumentsHost, type ExceptionFilter } from '@nestjs/common';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { PROBLEM_TYPE } from '@agent-forge/contracts';
import type { Logger } from '../logger.js';
import { httpError, problemOf } from './problem.js';

/** Answers every error with a problem document, and logs those that are our own fault. */
@Catch()
export class ProblemFilter implements ExceptionFilter {
  constructor(private readonly logger: Logger) {}

  catch(thrown: unknown, host: ArgumentsHost): void {
    const http = host.switchToHttp();
    sendProblem(this.logger, thrown, http.getRequest(), http.getResponse());
  }
}

/** Sends the problem document of an error, unless the answer has begun: then only cutting it off can tell. */
export function sendProblem(logger: Logger, thrown: unknown, request: FastifyRequest, reply: FastifyReply): void {
  const error = httpError(thrown);
  const problem = problemOf(error, request.id);
  const place = { requestId: request.id, method: request.method, route: request.routeOptions?.url };
  if (problem.status >= 500) logger.error({ err: error, cause: error.cause, ...place }, error.message);
  else logger.debug({ code: error.code, ...place }, error.message);
  if (reply.sent) {
    reply.raw.destroy();
    return;
  }
  // A page may have asked for something else.
  if (error.code === 'UNAUTHENTICATED' && !reply.hasHeader('www-authenticate'))
    void reply.header('www-authenticate', 'Bearer');
  void reply.status(problem.status).type(PROBLEM_TYPE).send(JSON.stringify(problem));
}
