import { expect, test } from '@jest/globals';
import type { Accepted } from './agent-search.js';
import { chooseAgent } from './choose.js';
import { designs, GREEDY } from './designs.js';
import { agentDigest, type AgentDocument } from './document.js';

const ITEMS = 100;
/** An agent that is right on all items but the first few. */
const scored = (agent: AgentDocument, wrong: number, tokens: number): Accepted => ({
  ...{ agent, digest: agentDigest(agent), generation: 0, tokens },
  accuracy: 1 - wrong / ITEMS,
  correct: '0'.repeat(wrong) + '1'.repeat(ITEMS - wrong),
});
const [, vote, revise] = designs({ experts: [], isClassified: false, hasTool: false, thinks: false }) as [
  AgentDocument,
  AgentDocument,
  AgentDocument,
];
const greedy = scored(GREEDY, 20, 10);
const chosenOf = (...others: Accepted[]) => chooseAgent([greedy, ...others], [greedy, ...others], 1)!;

test('an agent that is better on two of a hundred items is not surely better: the greedy answer stays', () => {
  const { agent, gain } = chosenOf(scored(vote, 18, 50));
  expect([agent.digest, gain.estimate]).toEqual([greedy.digest, 0]);
});

test('of those that are surely better the most accurate is taken, and of equals the cheaper', () => {
  const good = scored(vote, 5, 50);
  const { agent, gain } = chosenOf(good, scored(revise, 8, 20));
  expect(agent).toBe(good);
  expect(gain.low).toBeGreaterThan(0);
  const cheap = scored(revise, 5, 20);
  expect(chosenOf(good, cheap).agent).toBe(cheap);
});

test('without the greedy answer there is nothing to compare with', () => {
  expect(chooseAgent([scored(vote, 5, 50)], [scored(vote, 5, 50)], 1)).toBeUndefined();
});
