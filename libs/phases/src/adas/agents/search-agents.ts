import {
  AgentSearch,
  chooseAgent,
  GREEDY,
  type AgentDocument,
  type Choice,
  type Failure,
  type Limits,
  type Means,
  type Score,
} from '@agent-forge/agents';
import type { Json } from '@agent-forge/contracts';
import type { PhaseContext } from '../../phase.js';
import type { ScoreAgentsInput, StoredExperts } from './score-task.js';

/** How agents are searched for. */
export interface AgentSearchPlan {
  /** Artifact of the model. */
  readonly model: string;
  /** Its experts; null where it has none. */
  readonly experts: StoredExperts | null;
  readonly means: Means;
  /** After the designs by hand. */
  readonly generations: number;
  readonly population: number;
  readonly selectItems: number;
  readonly reportItems: number;
  readonly limits: Limits;
}

/** An agent and what it was worth on fresh items. */
export interface ReportedAgent {
  readonly agent: AgentDocument;
  readonly score: Score;
}

/** What a search found. */
export interface AgentSearchResult {
  readonly search: AgentSearch;
  /** What goes on; undefined where not even the greedy answer was ever right. */
  readonly choice: Choice | undefined;
  /** On report, once: the greedy answer first, then the chosen agent, then the rest of the front. */
  readonly reported: readonly ReportedAgent[];
}

/** Few enough to be shared among replicas and to fit into a checkpoint; several, since they ask for many of the same answers. */
const AGENTS_PER_TASK = 4;

type Context = Pick<PhaseContext, 'families' | 'seed' | 'signal' | 'runTasks'>;

/**
 * Searches on the select part, and measures the front on report, once. The candidates of a generation are scored in tasks; the search follows from their results, so a killed phase finds what was
 * done among the kept results and goes on with the same trajectory.
 * @param onGeneration hears how many are done
 */
export async function searchAgents(
  context: Context,
  plan: AgentSearchPlan,
  onGeneration: (search: AgentSearch) => void = () => {},
): Promise<AgentSearchResult> {
  const { means, population, generations } = plan;
  const seed = `${context.seed}/agents`;
  const search = new AgentSearch({ seed, population, means });
  while (search.generation <= generations && search.ask().length > 0) {
    context.signal.throwIfAborted();
    search.tell(await scores(context, plan, search.ask(), 'select'));
    onGeneration(search);
  }
  const choice = chooseAgent(search.front(), search.accepted, seed);
  const found = [...(choice ? [choice.agent] : []), ...search.front()].map(({ agent }) => agent);
  const wanted = new Map([GREEDY, ...found].map((agent) => [JSON.stringify(agent), agent]));
  const agents = [...wanted.values()];
  const results = await scores(context, plan, agents, 'report');
  const reported = agents.flatMap((agent, i) => {
    const score = results[i]!;
    return 'failed' in score ? [] : [{ agent, score }];
  });
  return { search, choice, reported };
}

async function scores(
  { families, seed, runTasks }: Context,
  { model, experts, limits, selectItems, reportItems }: AgentSearchPlan,
  agents: readonly AgentDocument[],
  part: ScoreAgentsInput['part'],
): Promise<(Score | Failure)[]> {
  const itemsPerFamily = part === 'select' ? selectItems : reportItems;
  const common = { model, experts, families, part, itemsPerFamily, limits, seed };
  const inputs: ScoreAgentsInput[] = [];
  for (let first = 0; first < agents.length; first += AGENTS_PER_TASK)
    inputs.push({ ...common, agents: agents.slice(first, first + AGENTS_PER_TASK) });
  const outputs = await runTasks('scoreAgents', inputs as unknown as Json[]);
  return outputs.flatMap(({ value }) => value as unknown as (Score | Failure)[]);
}
