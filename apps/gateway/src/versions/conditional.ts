import { createParamDecorator, type ExecutionContext } from '@nestjs/common';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { ForgeError } from '@agent-forge/contracts';

/** The conditions of a request (RFC 9110, section 13), for one route's resource. */
export class Conditional {
  constructor(
    private readonly request: FastifyRequest,
    private readonly reply: FastifyReply,
  ) {}

  /**
   * Answers a GET with its ETag.
   * @param version of what is shown: equal versions mean equal bytes
   * @returns undefined, as 304, when the caller has it already
   */
  show<T>(version: string, view: T): T | undefined {
    const etag = etagOf(version);
    void this.reply.header('etag', etag);
    if (!isNamed(this.request.headers['if-none-match'], [etag, `W/${etag}`])) return view;
    void this.reply.status(304);
    return undefined;
  }

  /** Says which version a change has made. */
  changed<T>(version: string, view: T): T {
    void this.reply.header('etag', etagOf(version));
    return view;
  }

  /** Whether the caller wants a change only of one version; what it names must then be compared. */
  get isBound(): boolean {
    const named = this.request.headers['if-match'];
    return named !== undefined && named.trim() !== '*';
  }

  /** @throws ForgeError PRECONDITION_FAILED when `If-Match` does not name this version; weak tags name none */
  assertMatch(version: string): void {
    if (!this.isBound || isNamed(this.request.headers['if-match'], [etagOf(version)])) return;
    throw new ForgeError('PRECONDITION_FAILED', 'If-Match names another version than there is now; read it again');
  }
}

/** The conditions of the request, as a parameter of a route's method. */
export const ConditionalOf = createParamDecorator((_: unknown, context: ExecutionContext): Conditional => {
  const http = context.switchToHttp();
  return new Conditional(http.getRequest<FastifyRequest>(), http.getResponse<FastifyReply>());
});

function etagOf(version: string): string {
  return `"${version}"`;
}

function isNamed(header: string | undefined, etags: readonly string[]): boolean {
  return header !== undefined && header.split(',').some((each) => ['*', ...etags].includes(each.trim()));
}
