import findMyWay, { type HTTPMethod } from 'find-my-way';
import type { FastifyInstance } from 'fastify';
import { ForgeError } from '@agent-forge/contracts';

/** Methods that our routes have, and HEAD and OPTIONS as clients send them. */
const METHODS: readonly HTTPMethod[] = ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE'];

/**
 * Answers a path that exists, but not for the method asked for, with 405 and the methods that it has (RFC 9110, section 15.5.6). Fastify
 * itself knows of routes only whole, and answers 404.
 */
export function answerWrongMethods(fastify: FastifyInstance, maxParamLength: number): void {
  const router = findMyWay({ maxParamLength });
  fastify.addHook('onRoute', ({ method, url }) => {
    for (const one of [method].flat()) {
      const isKnown = METHODS.includes(one as HTTPMethod) && !router.hasRoute(one as HTTPMethod, url);
      if (isKnown) router.on(one as HTTPMethod, url, () => undefined);
    }
  });
  fastify.addHook('onRequest', (request, reply, done) => {
    if (!request.is404) return done();
    const allowed = METHODS.filter((method) => router.find(method, request.url.split('?')[0]!));
    if (allowed.length === 0) return done();
    void reply.header('allow', allowed.join(', '));
    done(new ForgeError('METHOD_NOT_ALLOWED', `this path takes ${allowed.join(', ')}, not ${request.method}`));
  });
}
