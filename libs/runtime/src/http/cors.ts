import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import type { EnvReader } from '../env.js';

const METHODS = 'GET, POST, PATCH, DELETE';
/** What our client and others of its kind send. */
const REQUEST_HEADERS =
  'Authorization, Content-Type, Idempotency-Key, If-Match, If-None-Match, Last-Event-ID, Range, X-Request-Id';
/** What a page may read of an answer besides its body. */
const ANSWER_HEADERS = 'Content-Range, ETag, Location, RateLimit, RateLimit-Policy, Retry-After, X-Request-Id';
/** Browsers ask again after that. */
const MAX_AGE_SECONDS = 600;

/**
 * `FORGE_CORS_ORIGINS`: the web origins whose pages may ask, each exactly as browsers send it, with commas between (default: none). A pattern is
 * refused: what it also fits is seen too late.
 */
export function readOrigins(reader: EnvReader): readonly string[] {
  const origins = (reader.text('FORGE_CORS_ORIGINS') ?? '').split(',').flatMap((origin) => origin.trim() || []);
  for (const origin of origins.filter((one) => !isOrigin(one)))
    reader.refuse(
      `FORGE_CORS_ORIGINS: "${origin}" is no origin; give scheme, host and port and nothing behind them, such as https://forge.example`,
    );
  return [...new Set(origins)];
}

function isOrigin(text: string): boolean {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  return (url?.protocol === 'https:' || url?.protocol === 'http:') && url.origin === text && !text.includes('*');
}

/**
 * Lets pages of a few web origins ask, and read the answers (Fetch standard, "CORS protocol"). They show a token like everybody else: cookies and
 * the browser's own logins are never taken from them. Without origins nothing is answered that a browser would take as leave.
 */
export function allowOrigins(fastify: FastifyInstance, origins: readonly string[]): void {
  if (origins.length === 0) return;
  fastify.addHook('onRequest', async (request, reply) => {
    void reply.header('vary', 'Origin');
    const { origin } = request.headers;
    if (origin === undefined || !origins.includes(origin)) return undefined;
    void reply.header('access-control-allow-origin', origin);
    return isPreflight(request)
      ? answerPreflight(reply)
      : void reply.header('access-control-expose-headers', ANSWER_HEADERS);
  });
}

/** A browser asks whether it may; it says nothing of who is behind it, so it is told before anybody asks that. */
function isPreflight({ method, headers }: FastifyRequest): boolean {
  return method === 'OPTIONS' && headers['access-control-request-method'] !== undefined;
}

function answerPreflight(reply: FastifyReply): FastifyReply {
  return reply
    .status(204)
    .headers({
      'access-control-allow-methods': METHODS,
      'access-control-allow-headers': REQUEST_HEADERS,
      'access-control-max-age': String(MAX_AGE_SECONDS),
    })
    .send();
}
