import { Inject, Injectable } from '@nestjs/common';
import type { FastifyReply } from 'fastify';
import type { ArtifactStore, Caller, RunRequest, RunView } from '@agent-forge/contracts';
import { RunLog } from '@agent-forge/nats';
import type { Command } from '@agent-forge/run';
import { Holdings } from '../artifacts/holdings.js';
import { madeIdOf } from '../repeats/made-ids.js';
import { ARTIFACTS } from '../tokens.js';
import { OpenRuns } from './open-runs.js';
import { recipeOf } from './recipe.js';
import { RunFit } from './run-fit.js';
import { RunIndex } from './run-index.js';
import { runView } from './run-view.js';

/** Makes runs of what callers ask for. */
@Injectable()
export class RunRequests {
  constructor(
    private readonly log: RunLog,
    private readonly index: RunIndex,
    private readonly fit: RunFit,
    @Inject(ARTIFACTS) private readonly store: ArtifactStore,
    private readonly holdings: Holdings,
    private readonly openRuns: OpenRuns,
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
    const state =
      before ??
      (await this.openRuns.open(caller.tenant, run, reply, async () => {
        const begun = (await this.log.execute(caller.tenant, run, command)).state;
        await this.index.reached(begun.sequence);
        return begun;
      }));
    void reply.header('location', `/v1/runs/${run}`);
    return runView(state);
  }
}
