import { agentDigest, agentInWords, GREEDY, marksOf, type AgentSearch } from '@agent-forge/agents';
import { bootstrapPairedDifference, bootstrapShare } from '@agent-forge/model';
import { comparisonSentence } from '../../shared/comparison-sentence.js';
import type { AgentRow, Comparison } from '../../shared/report.js';
import type { AgentSearchResult, ReportedAgent } from './search-agents.js';

/** What a report says of a search for agents. */
export interface AgentFindings {
  readonly agents: readonly AgentRow[];
  readonly comparisons: readonly Comparison[];
  readonly figures: Readonly<Record<string, number>>;
  readonly verdicts: readonly string[];
}

const GREEDY_DIGEST = agentDigest(GREEDY);
const SEED = 'agents';

/** The front on fresh items, the chosen agent against the single greedy answer, and how many candidates there were. */
export function agentFindings({ search, choice, reported }: AgentSearchResult): AgentFindings {
  const front = new Set(search.front().map(({ digest }) => digest));
  const chosen = choice?.agent.digest;
  const rows = reported.map((each): AgentRow => {
    const digest = agentDigest(each.agent);
    return {
      name: agentInWords(each.agent),
      accuracy: bootstrapShare(marksOf(each.score), { seed: SEED }),
      selected: search.accepted.find((one) => one.digest === digest)?.accuracy ?? null,
      tokens: each.score.tokens,
      isOnFront: front.has(digest),
      isChosen: digest === chosen,
    };
  });
  const comparisons = chosen === undefined || chosen === GREEDY_DIGEST ? [] : [comparisonOf(reported, chosen)];
  const { generated } = search;
  const [accepted, rejected] = [search.accepted.length, search.rejected.length + search.ask().length];
  const best = rows.find(({ isChosen }) => isChosen);
  return {
    agents: rows,
    comparisons,
    figures: {
      ...{ agentsGenerated: generated, agentsAccepted: accepted, agentsRejected: rejected },
      ...(best ? { agentAccuracy: best.accuracy.estimate, agentTokens: best.tokens } : {}),
    },
    verdicts: [
      `${generated} agents were generated: ${accepted} scored on select items, ${rejected} rejected with a reason`,
      ...comparisons.map(
        (each) => `on fresh items, ${comparisonSentence(each, 'points', `the agent “${each.better}”`)}`,
      ),
      ...(comparisons.length === 0
        ? ['no agent is surely better than the single greedy answer, so that is the agent']
        : []),
    ],
  };
}

/** Everything that was ever generated, as plain data: the report's second file. */
export function archiveOf(search: AgentSearch): object {
  const open = search.ask().map((agent) => ({ agent, reason: 'the search ended before it was tried' }));
  return {
    generated: search.generated,
    accepted: search.accepted.map(({ agent, generation, accuracy, tokens }) => ({
      agent,
      generation,
      accuracy,
      tokens,
    })),
    rejected: [...search.rejected.map(({ agent, generation, reason }) => ({ agent, generation, reason })), ...open],
  };
}

function comparisonOf(reported: readonly ReportedAgent[], chosen: string): Comparison {
  const [mine, theirs] = [chosen, GREEDY_DIGEST].map((digest) => {
    const { agent, score } = reported.find((each) => agentDigest(each.agent) === digest)!;
    return { name: agentInWords(agent), marks: marksOf(score) };
  });
  const difference = bootstrapPairedDifference(mine!.marks, theirs!.marks, { seed: SEED });
  return { name: `${mine!.name} − ${theirs!.name}`, better: mine!.name, than: theirs!.name, difference };
}
