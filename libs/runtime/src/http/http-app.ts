import 'reflect-metadata';
import { randomUUID } from 'node:crypto';
import type { DynamicModule, Type } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import type { FastifyInstance, FastifyServerOptions, RouteOptions } from 'fastify';
import { FastifyAdapter, type NestFastifyApplication } from '@nestjs/platform-fastify';
import { ForgeError } from '@agent-forge/contracts';
import type { BaseConfig } from '../config.js';
import { nestLogger, type Logger } from '../logger.js';
import { answerWrongMethods } from './allowed-methods.js';
import { allowOrigins } from './cors.js';
import { ExactRequest } from './exact-request.js';
import { acceptStrictJson } from './json-body.js';
import { ProblemFilter, sendProblem } from './problem.filter.js';
import { answerUnreadable, endSlowBodies, PATIENCE, timeoutsOfServer, type Patience } from './slow-clients.js';
import { TLS_SUITES, type HttpTls } from './tls-config.js';
import { BodyPipe, validationPipe } from './validation.js';

/** A recipe must fit into one event of 64 KiB; nothing else that comes as JSON or as a form is larger. */
const BODY_LIMIT_BYTES = 64 * 1024;
/** Wildcards carry file names of artifacts: four parts of 128 characters, percent-encoded. */
const MAX_PARAM_LENGTH = 2_048;
/** Between two requests of one connection; longer than the idle time of usual load balancers, so that they close first. */
const KEEP_ALIVE_TIMEOUT_MS = 72_000;
/** How often a closing server looks whether all is answered. */
const CLOSE_INTERVAL_MS = 20;
/** Request ids of callers are taken over when they cannot do harm in a log. */
const REQUEST_ID = /^[A-Za-z0-9_-]{1,64}$/;

/** What every answer says: this is data, not a page; nothing may frame it, guess its type or keep it. */
const HEADERS = {
  'cache-control': 'no-store',
  'content-security-policy': "default-src 'none'; frame-ancestors 'none'",
  'referrer-policy': 'no-referrer',
  'x-content-type-options': 'nosniff',
} as const;

/** Who may ask an application, and how. */
export interface HttpAppOptions {
  /** Web origins whose pages may ask (default: none). */
  readonly origins?: readonly string[];
  /** Answers by https only (default: by http). */
  readonly tls?: HttpTls | undefined;
  /** How slow clients may be (default {@link PATIENCE}). */
  readonly patience?: Patience;
}

/** Routes by the server that has them. */
const tables = new WeakMap<object, RouteOptions[]>();

/** Every route that an application has registered, whoever did it; all are there once it listens. */
export function routesOf(app: NestFastifyApplication): readonly RouteOptions[] {
  return tables.get(app.getHttpAdapter().getInstance()) ?? [];
}

/**
 * The NestJS application of an HTTP service: problem documents, checked and limited bodies, request ids, safe headers. Not listening yet.
 */
export async function createHttpApp(
  root: DynamicModule | Type,
  logger: Logger,
  { origins = [], tls, patience = PATIENCE }: HttpAppOptions = {},
): Promise<NestFastifyApplication> {
  const options: FastifyServerOptions = {
    bodyLimit: BODY_LIMIT_BYTES,
    keepAliveTimeout: KEEP_ALIVE_TIMEOUT_MS,
    routerOptions: { maxParamLength: MAX_PARAM_LENGTH },
    genReqId: ({ headers }) => {
      const given = headers['x-request-id'];
      return typeof given === 'string' && REQUEST_ID.test(given) ? given : randomUUID();
    },
    requestTimeout: patience.requestMs,
    clientErrorHandler: answerUnreadable,
    frameworkErrors: (error, request, reply) => sendProblem(logger, error, request, reply),
  };
  const timeouts = timeoutsOfServer(patience);
  const server = tls ? { https: { ...timeouts, ...tls, ...TLS_SUITES } } : { http: timeouts };
  const adapter = new FastifyAdapter({ ...options, ...server });
  adapter.getInstance().addHook('onRequest', (request, reply, done) => {
    reply.headers(HEADERS).header('x-request-id', request.id);
    done();
  });
  const table: RouteOptions[] = [];
  tables.set(adapter.getInstance(), table);
  adapter.getInstance().addHook('onRoute', (route) => void table.push(route));
  allowOrigins(adapter.getInstance(), origins);
  answerWrongMethods(adapter.getInstance(), MAX_PARAM_LENGTH);
  endSlowBodies(adapter.getInstance(), patience);
  closeWhenAnswered(adapter.getInstance());
  const app = await NestFactory.create<NestFastifyApplication>(root, adapter, {
    logger: nestLogger(logger),
    abortOnError: false,
  });
  acceptStrictJson(app, BODY_LIMIT_BYTES);
  app.useGlobalFilters(new ProblemFilter(logger));
  app.useGlobalInterceptors(new ExactRequest());
  app.useGlobalPipes(new BodyPipe(), validationPipe());
  return app;
}

/**
 * Lets a closing server end as soon as its last answer is out. Node.js by itself waits for connections that were opened and never used, and for
 * those whose last answer ended just then, for as long as they are kept alive.
 */
function closeWhenAnswered(fastify: FastifyInstance): void {
  let unanswered = 0;
  fastify.addHook('onRequest', (_request, reply, done) => {
    unanswered += 1;
    // Also when the caller has gone away, which the onResponse hook would not tell.
    reply.raw.once('close', () => (unanswered -= 1));
    done();
  });
  fastify.addHook('preClose', async () => {
    const { server } = fastify;
    const timer = setInterval(() => unanswered === 0 && server.closeAllConnections(), CLOSE_INTERVAL_MS);
    server.once('close', () => clearInterval(timer));
  });
}

/**
 * Lets an application listen.
 * @returns its URL
 * @throws ForgeError INVALID_ARGUMENT when the port or the address cannot be had
 */
export async function listen(
  app: NestFastifyApplication,
  { port, host, tls }: Pick<BaseConfig, 'port' | 'host'> & { readonly tls: HttpTls | undefined },
): Promise<string> {
  try {
    await app.listen(port, host);
    const url = await app.getUrl();
    return tls === undefined ? url : url.replace(/^http:/, 'https:');
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    const problem =
      code === 'EADDRINUSE'
        ? `port ${port} of ${host} is in use by another process; choose another port, or 0 for any free one`
        : `cannot listen on port ${port} of ${host}: ${error instanceof Error ? error.message : error}`;
    throw new ForgeError('INVALID_ARGUMENT', problem, error);
  }
}
