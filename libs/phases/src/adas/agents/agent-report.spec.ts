import { expect, test } from '@jest/globals';
import { agentInWords, AgentSearch, chooseAgent, GREEDY, type AgentDocument } from '@agent-forge/agents';
import { agentFindings, archiveOf } from './agent-report.js';

const ITEMS = 100;
const score = (wrong: number, tokens: number) => ({
  ...{ tokens, accuracy: 1 - wrong / ITEMS },
  correct: '0'.repeat(wrong) + '1'.repeat(ITEMS - wrong),
});
const means = { experts: [], isClassified: false, hasTool: false, thinks: false };

/** A search whose second design is much better than the greedy answer on select, and whose third is never right. */
function searched(): AgentSearch {
  const search = new AgentSearch({ seed: 1, population: 2, means });
  search.tell(search.ask().map((_, i) => score([30, 10, ITEMS][i]!, 10 * (i + 1))));
  return search;
}

test('each agent stands with its own figures of the fresh items, and the gain is of the chosen over the greedy one', () => {
  const search = searched();
  const choice = chooseAgent(search.front(), search.accepted, 1);
  const better = search.accepted[1]!.agent;
  expect(choice!.agent.agent).toEqual(better);
  // On fresh items it is worse, and that is what is said.
  const reported = [
    { agent: GREEDY, score: score(20, 11) },
    { agent: better, score: score(40, 22) },
  ];
  const { agents, comparisons, figures, verdicts } = agentFindings({ search, choice, reported });
  expect(
    agents.map(({ accuracy, selected, tokens, isChosen }) => [accuracy.estimate, selected, tokens, isChosen]),
  ).toEqual([
    [0.8, 0.7, 11, false],
    [0.6, 0.9, 22, true],
  ]);
  expect(comparisons).toEqual([expect.objectContaining({ better: agentInWords(better), than: agentInWords(GREEDY) })]);
  expect(comparisons[0]!.difference.estimate).toBeCloseTo(-0.2, 10);
  expect(comparisons[0]!.difference.high).toBeLessThan(0);
  expect(figures).toMatchObject({ agentAccuracy: 0.6, agentTokens: 22 });
  expect(verdicts[1]).toMatch(/^on fresh items, answer \(greedy\) beats the agent/);
});

test('every candidate is accepted or rejected with its reason, those too that were still to be tried', () => {
  const search = searched();
  const reported: { agent: AgentDocument; score: ReturnType<typeof score> }[] = [];
  const { figures } = agentFindings({ search, choice: undefined, reported });
  const { agentsGenerated, agentsAccepted, agentsRejected } = figures;
  expect(agentsGenerated).toBe(agentsAccepted! + agentsRejected!);
  expect(agentsAccepted).toBe(2);
  const archive = archiveOf(search) as { accepted: unknown[]; rejected: { reason: string }[] };
  expect([archive.accepted.length, archive.rejected.length]).toEqual([agentsAccepted, agentsRejected]);
  const reasons = archive.rejected.map(({ reason }) => reason);
  expect(reasons).toEqual(expect.arrayContaining(['no answer was right', 'the search ended before it was tried']));
});
