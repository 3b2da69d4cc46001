import type { FastifyInstance, FastifyRequest, FastifyServerOptions } from 'fastify';

/** How much time a client has. */
export interface Patience {
  /** From the connection, or the last answer on it, to the end of a request's headers. */
  readonly headersMs: number;
  /** In so long at least {@link MIN_BYTES} of a body come, or its end. */
  readonly windowMs: number;
  /** For a whole request, uploads too. */
  readonly requestMs: number;
}

export const PATIENCE: Patience = { headersMs: 15_000, windowMs: 30_000, requestMs: 4 * 3_600_000 };
/** About 500 bytes a second: the slowest modem sends more, and a thousand connections that are kept open on purpose then cost their owner bandwidth. */
export const MIN_BYTES = 16 * 1024;
/** How often headers are looked after, in parts of their time. */
const LOOKS = 3;

/** Settings of Node.js's server, which looks after headers and whole requests itself. */
export function timeoutsOfServer({ headersMs, requestMs }: Patience) {
  const connectionsCheckingInterval = Math.ceil(headersMs / LOOKS);
  return { headersTimeout: headersMs, requestTimeout: requestMs, connectionsCheckingInterval };
}

/** Ends the connection of a client whose body comes too slowly, so that nobody can hold thousands of requests open for a few bytes a minute. */
export function endSlowBodies(fastify: FastifyInstance, { windowMs }: Patience): void {
  fastify.addHook('onRequest', (request, _reply, done) => {
    if (hasBody(request)) watch(request, windowMs);
    done();
  });
}

function hasBody({ headers }: FastifyRequest): boolean {
  return headers['transfer-encoding'] !== undefined || Number(headers['content-length'] ?? 0) > 0;
}

function watch({ raw, log }: FastifyRequest, windowMs: number): void {
  let before = raw.socket.bytesRead;
  const timer = setInterval(() => {
    const now = raw.socket.bytesRead;
    // What waits in our own buffers is not for the client to hasten.
    if (now - before < MIN_BYTES && raw.readableLength === 0) {
      log.info({ bytes: now - before, windowMs }, 'a body comes too slowly; the connection is ended');
      raw.destroy();
    }
    before = now;
  }, windowMs);
  const stop = () => clearInterval(timer);
  raw.once('end', stop).once('close', stop);
}

/** What a client is told whose request cannot be read as HTTP, or did not come in time: a status, and nothing of the inside. */
export const answerUnreadable: NonNullable<FastifyServerOptions['clientErrorHandler']> = (error, socket) => {
  if (error.code === 'ECONNRESET' || !socket.writable) return void socket.destroy();
  const status = STATUS[error.code] ?? '400 Bad Request';
  socket.end(`HTTP/1.1 ${status}\r\nConnection: close\r\nContent-Length: 0\r\n\r\n`);
};

const STATUS: Readonly<Record<string, string>> = {
  ERR_HTTP_REQUEST_TIMEOUT: '408 Request Timeout',
  HPE_HEADER_OVERFLOW: '431 Request Header Fields Too Large',
};
