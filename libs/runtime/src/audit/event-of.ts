import { randomBytes } from 'node:crypto';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { printable, ulid, type AuditEvent, type AuditOutcome, type Caller } from '@agent-forge/contracts';
import { routeName } from './route-name.js';

/** Methods that change nothing. */
const SAFE_METHODS: readonly string[] = ['GET', 'HEAD', 'OPTIONS'];
/** Ids and digests have at most 64 characters; what is longer in a path is no name of ours, but perhaps somebody's token. */
const MAX_SEGMENT_LENGTH = 64;
const MAX_RESOURCE_LENGTH = 300;

/**
 * Whether the answer to a request belongs into the audit log: it may have changed something, was denied, or asked for what is not there, or not
 * for the caller.
 */
export function isAudited({ method, is404 }: FastifyRequest, status: number): boolean {
  return isDenial(status) || (!is404 && (status === 404 || !SAFE_METHODS.includes(method)));
}

/** The audit event of a request and the answer that it is about to get. */
export function eventOf(request: FastifyRequest, reply: FastifyReply, caller: Caller | undefined): AuditEvent {
  const now = new Date();
  const { statusCode: status } = reply;
  const made = reply.getHeader('location');
  return {
    id: ulid(now.getTime(), randomBytes(10)),
    time: now.toISOString(),
    ...(caller === undefined ? {} : { tenant: caller.tenant, actor: caller.subject }),
    action: `${request.method} ${routeName(request.routeOptions.url ?? '')}`,
    resource: resourceOf(typeof made === 'string' ? made : request.url),
    outcome: outcomeOf(status),
    status,
    from: request.ip,
    requestId: request.id,
  };
}

function isDenial(status: number): boolean {
  return status === 401 || status === 403;
}

function outcomeOf(status: number): AuditOutcome {
  if (isDenial(status)) return 'denied';
  if (status >= 500) return 'failed';
  return status >= 400 ? 'refused' : 'done';
}

/** The path without its query, and without parts that are too long to be names. */
function resourceOf(url: string): string {
  const segments = url.split('?')[0]!.split('/');
  const named = segments.map((segment) => (segment.length > MAX_SEGMENT_LENGTH ? '...' : segment));
  return printable(named.join('/')).slice(0, MAX_RESOURCE_LENGTH);
}
