import { Inject, Injectable } from '@nestjs/common';
import type { FastifyReply } from 'fastify';
import { ForgeError } from '@agent-forge/contracts';
import { MAX_OPEN_RUNS } from '../tokens.js';
import { RunIndex } from './run-index.js';

/** Runs last minutes; one that ends sooner is found soon enough. */
const RETRY_AFTER_S = '10';

/** The bound on a tenant's runs that have not ended. Requests at the same moment know of each other, those of other gateways do not. */
@Injectable()
export class OpenRuns {
  /** By tenant, the runs that are about to begin. */
  readonly #beginning = new Map<string, Set<string>>();

  constructor(
    private readonly index: RunIndex,
    @Inject(MAX_OPEN_RUNS) private readonly max: number,
  ) {}

  /**
   * Begins a run where there is room for it.
   * @param begin ends when the run is in the index
   * @param reply gets Retry-After where there is none
   * @throws ForgeError TOO_MANY_RUNS; and what `begin` throws
   */
  async open<T>(tenant: string, run: string, reply: FastifyReply, begin: () => Promise<T>): Promise<T> {
    const beginning = this.#beginning.get(tenant) ?? new Set();
    if (this.max > 0 && this.index.countOpen(tenant, beginning) >= this.max) {
      void reply.header('retry-after', RETRY_AFTER_S);
      throw new ForgeError('TOO_MANY_RUNS', `${this.max} runs have not ended; wait for some, or cancel some`);
    }
    this.#beginning.set(tenant, beginning.add(run));
    try {
      return await begin();
    } finally {
      beginning.delete(run);
      if (beginning.size === 0) this.#beginning.delete(tenant);
    }
  }
}
