import { HttpException } from '@nestjs/common';
import { ERROR_CATALOG, ForgeError, type ErrorCode, type Problem } from '@agent-forge/contracts';

/** What the statuses of NestJS and Fastify's own errors mean in our catalog. */
const CODE_OF_STATUS: Readonly<Record<number, ErrorCode>> = {
  400: 'INVALID_ARGUMENT',
  401: 'UNAUTHENTICATED',
  403: 'FORBIDDEN',
  404: 'NOT_FOUND',
  405: 'METHOD_NOT_ALLOWED',
  406: 'INVALID_ARGUMENT',
  408: 'INVALID_ARGUMENT',
  413: 'PAYLOAD_TOO_LARGE',
  414: 'URI_TOO_LONG',
  415: 'UNSUPPORTED_FORMAT',
  431: 'PAYLOAD_TOO_LARGE',
};

/** Anything thrown while a request was answered, as one of our errors. */
export function httpError(thrown: unknown): ForgeError {
  if (thrown instanceof ForgeError) return thrown;
  const status = statusOf(thrown);
  const code = status === undefined ? undefined : CODE_OF_STATUS[status];
  if (code === undefined) return ForgeError.from(thrown);
  // Fastify would say the whole path again.
  const message =
    code === 'URI_TOO_LONG' ? 'a part of the path is too long' : (thrown as Error).message.split('\n')[0]!;
  return new ForgeError(code, message, thrown);
}

/** The body that the caller sees. Of our own failures it learns the meaning only; the log has the rest. */
export function problemOf(error: ForgeError, requestId: string): Problem {
  const { code, httpStatus: status, message } = error;
  const title = ERROR_CATALOG[code].meaning;
  return {
    type: `urn:agentforge:error:${code}`,
    title,
    status,
    detail: status >= 500 ? title : message,
    code,
    requestId,
  };
}

function statusOf(thrown: unknown): number | undefined {
  if (thrown instanceof HttpException) return thrown.getStatus();
  // Fastify's errors carry their status; those of other libraries must not decide ours.
  const { code, statusCode } = thrown as { code?: unknown; statusCode?: unknown };
  return typeof code === 'string' && code.startsWith('FST_') && typeof statusCode === 'number' ? statusCode : undefined;
}
