import type { CanActivate, ExecutionContext } from '@nestjs/common';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { ForgeError, type Caller } from '@agent-forge/contracts';
import { callerOf } from '@agent-forge/runtime';
import type { Rates } from '../config.js';
import { TokenBuckets, type Taken } from './token-buckets.js';

interface Limit {
  /** As the headers name it. */
  readonly policy: string;
  readonly buckets: TokenBuckets;
  readonly nameOf: (caller: Caller) => string;
}

/**
 * Lets a request through while its tenant and its client stay within their rates; reads and changes are counted apart, each gateway for itself.
 * Answers carry the headers of draft-ietf-httpapi-ratelimit-headers for the limit that is nearest.
 */
export class RateLimitGuard implements CanActivate {
  readonly #limits: Readonly<Record<keyof Rates, readonly Limit[]>>;

  constructor({ tenantRates, clientRates }: { readonly tenantRates: Rates; readonly clientRates: Rates }) {
    const limitsOf = (kind: keyof Rates): Limit[] => {
      const tenant = { policy: `tenant-${kind}`, rate: tenantRates[kind], nameOf: ({ tenant }: Caller) => tenant };
      const client = {
        policy: `client-${kind}`,
        rate: clientRates[kind],
        nameOf: ({ tenant, subject }: Caller) => `${tenant}/${subject}`,
      };
      // The client first: what it is refused does not count against its tenant.
      return [client, tenant].flatMap(({ rate, ...limit }) =>
        rate === 0 ? [] : [{ ...limit, buckets: new TokenBuckets(rate) }],
      );
    };
    this.#limits = { reads: limitsOf('reads'), writes: limitsOf('writes') };
  }

  canActivate(context: ExecutionContext): boolean {
    const http = context.switchToHttp();
    const request = http.getRequest<FastifyRequest>();
    const caller = callerOf(request);
    // Open routes are for orchestrators, which nobody may shut out.
    if (caller === undefined) return true;
    const limits = this.#limits[request.method === 'GET' || request.method === 'HEAD' ? 'reads' : 'writes'];
    let nearest: (Taken & { limit: Limit }) | undefined;
    for (const limit of limits) {
      const taken = limit.buckets.take(limit.nameOf(caller), performance.now());
      if (nearest === undefined || taken.remaining < nearest.remaining) nearest = { ...taken, limit };
      if (!taken.isTaken) return refuse(http.getResponse(), { ...taken, limit });
    }
    if (nearest !== undefined) announce(http.getResponse(), nearest);
    return true;
  }
}

function announce(
  reply: FastifyReply,
  { limit: { policy, buckets }, remaining, waitMs }: Taken & { limit: Limit },
): void {
  const windowS = buckets.capacity / buckets.perS;
  void reply.header('ratelimit-policy', `"${policy}";q=${buckets.capacity};w=${windowS}`);
  void reply.header('ratelimit', `"${policy}";r=${remaining};t=${Math.ceil(waitMs / 1_000)}`);
}

function refuse(reply: FastifyReply, taken: Taken & { limit: Limit }): never {
  announce(reply, taken);
  const waitS = Math.max(1, Math.ceil(taken.waitMs / 1_000));
  void reply.header('retry-after', String(waitS));
  const { policy, buckets } = taken.limit;
  throw new ForgeError('RATE_LIMITED', `over ${buckets.perS} requests per second (${policy}); wait ${waitS} s`);
}
