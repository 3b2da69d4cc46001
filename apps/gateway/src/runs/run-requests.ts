import { Inject, Injectable } from '@nestjs/common';
import type { FastifyReply } from 'fastify';
import { ForgeError, type ArtifactStore, type Caller, type RunRequest, type RunView } from '@agent-forge/contracts';
import { RunLog } from '@agent-forge/nats';
import type { Command } from '@agent-forge/run';
import { Holdings } from '../artifacts/holdings.js';
import { madeIdOf } from '../repeats/made-ids.js';
import { ARTIFACTS, MAX_OPEN_RUNS } from '../tokens.js';
import { recipeOf } from './recipe.js';
import { RunFit } from './run-fit.js';
import { RunIndex } from './run-index.js';
import { runView } from './run-view.js';

/** Runs last minutes; one that ends sooner is found soon enough. */
const ROOM_RETRY_S = '10';

/** Makes runs of what callers ask for. */
@Injectable()
export class RunRequests {
  constructor(
    private readonly log: RunLog,
    private readonly index: RunIndex,
    private readonly fit: RunFit,
    @Inject(ARTIFACTS) private readonly store: ArtifactStore,
    private readonly holdings: Holdings,
    @Inject(MAX_OPEN_RUNS) private readonly maxOpenRuns: number,
  ) {}

  /**
   * Checks a request as far as possible, and makes a run of it.
   * @param reply gets the place of the run
   * @throws ForgeError INVALID_ARGUMENT, ARTIFACT_NOT_FOUND, BUDGET_EXCEEDED
   */
  async accept(caller: Caller, request: RunRequest, reply: FastifyReply): Promise<RunView> {
    for (const { artifactId } of [...(request.data ?? []), ...(request.models ?? [])])
      await this.holdings.assertHas(caller, artifactId);
    const recipe = await recipeOf(request, this.store);
    await this.fit.assertFits(recipe);
    return this.begin(caller, { do: 'request', recipe, requestedBy: caller.subject }, reply);
  }

  /** Makes a run of a recipe that was checked. */
  async begin(caller: Caller, command: Command & { do: 'request' }, reply: FastifyReply): Promise<RunView> {
    const { id: run, isSecondTry } = madeIdOf(reply.request);
    const before = isSecondTry ? (await this.log.load(caller.tenant, run)).state : undefined;
    if (before === undefined) this.assertRoom(caller, reply);
    const { state } = before ? { state: before } : await this.log.execute(caller.tenant, run, command);
    await this.index.reached(state.sequence);
    void reply.header('location', `/v1/runs/${run}`);
    return runView(state);
  }

  /** Requests at the same moment may pass it together. @throws ForgeError TOO_MANY_RUNS */
  assertRoom({ tenant }: Caller, reply: FastifyReply): void {
    if (this.maxOpenRuns === 0 || this.index.countOpen(tenant) < this.maxOpenRuns) return;
    void reply.header('retry-after', ROOM_RETRY_S);
    throw new ForgeError('TOO_MANY_RUNS', `${this.maxOpenRuns} runs have not ended; wait for some, or cancel some`);
  }
}
