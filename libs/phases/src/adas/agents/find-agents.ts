import { DEFAULT_LIMITS } from '@agent-forge/agents';
import { thoughtMark, type Model } from '@agent-forge/model';
import type { PhaseContext } from '../../phase.js';
import type { StageProgress } from '../../shared/stage-progress.js';
import type { AdasParams } from '../params.js';
import type { StoredExperts } from './score-task.js';
import { searchAgents, type AgentSearchResult } from './search-agents.js';

type Context = PhaseContext<AdasParams>;

/** The stage's name in progress. */
export const AGENTS_STAGE = 'agents';

/** A model that agents are searched for, stored, and the experts that it can route to. */
export interface AgentModel {
  readonly id: string;
  readonly model: Model;
  readonly experts: (StoredExperts & { readonly names: readonly string[] }) | undefined;
}

/** Whether there is a search: the recipe wants one, and there are questions whose answers can be checked. */
export function hasSearch({ params, families }: Pick<Context, 'params' | 'families'>): boolean {
  return params.agents.generations > 0 && Object.keys(families).length > 0;
}

/** Searches the way to answer with a model. */
export async function findAgents(
  context: Context,
  { id, model, experts }: AgentModel,
  progress: StageProgress,
): Promise<AgentSearchResult> {
  const { generations, population, items, reportItems, steps } = context.params.agents;
  const plan = {
    model: id,
    experts: experts ? { pack: experts.pack, decomposition: experts.decomposition } : null,
    means: {
      experts: experts?.names ?? [],
      isClassified: experts !== undefined,
      hasTool: true,
      thinks: thoughtMark(model.config) !== undefined,
    },
    ...{ generations, population, selectItems: items, reportItems },
    limits: { ...DEFAULT_LIMITS, steps },
  };
  return searchAgents(context, plan, (search) =>
    // One more round measures the front.
    progress.at(AGENTS_STAGE, { fraction: search.generation / (generations + 2) }),
  );
}
