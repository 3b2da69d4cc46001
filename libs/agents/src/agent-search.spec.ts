import { describe, expect, test } from '@jest/globals';
import type { Json } from '@agent-forge/contracts';
import { createFamily, distinctItems } from '@agent-forge/data';
import { AgentSearch } from './agent-search.js';
import { chooseAgent } from './choose.js';
import { agentDigest, type AgentDocument } from './document.js';
import { GREEDY } from './designs.js';
import { exactVerifierOf } from './house-ports.js';
import { dominates } from './pareto.js';
import { DEFAULT_LIMITS } from './run-agent.js';
import { scoreAgent, type Score } from './score.js';
import type { Experts } from './ports.js';
import { CoinResponder } from './testing/coin-responder.js';
import { ALL_MEANS, NO_MEANS } from './testing/means.js';

/** Probability that a single answer is right, and that of three and five independent ones most are: binomial sums. */
const SINGLE = 0.7;
const MAJORITY_OF_FIVE = 0.83692;

const family = createFamily('max');
const items = distinctItems(family, 'select', 200, 3);
const fresh = distinctItems(family, 'report', 2000, 4);
const answers = new Map([...items, ...fresh].map(({ prompt, answer }) => [prompt, answer]));
const responder = new CoinResponder(SINGLE, (prompt) => answers.get(prompt) ?? 'unknown');
const score = async (agent: AgentDocument, on = items, seed = 1) =>
  scoreAgent({ agent, seed, limits: DEFAULT_LIMITS }, on, { responder });

async function evolve(search: AgentSearch, generations: number): Promise<AgentSearch> {
  for (let left = generations; left > 0; left--)
    search.tell(await Promise.all(search.ask().map((agent) => score(agent))));
  return search;
}

const settings = { seed: 5, population: 8, means: NO_MEANS };
const resumed = (search: AgentSearch) => new AgentSearch(settings, JSON.parse(JSON.stringify(search.state())) as Json);

describe('planted: independent answers that are right with probability .7', () => {
  test('a vote of five is right as often as the binomial sum says, and one answer .7', async () => {
    const vote: AgentDocument = {
      version: 1,
      nodes: [
        { id: 'a', kind: 'sample', temperature: 1, count: 5 },
        { id: 'v', kind: 'vote', of: ['a'] },
      ],
      answer: 'v',
    };
    const standardError = (p: number) => Math.sqrt((p * (1 - p)) / fresh.length);
    for (const [agent, p] of [
      [vote, MAJORITY_OF_FIVE],
      [GREEDY, SINGLE],
    ] as const) {
      const { accuracy } = (await score(agent, fresh)) as Score;
      expect(Math.abs(accuracy - p)).toBeLessThan(3 * standardError(p));
    }
  });

  test('the search finds at least that, and the greedy answer stays the cheapest of the front', async () => {
    const search = await evolve(new AgentSearch(settings), 5);
    const front = search.front();
    const { agent, gain } = chooseAgent(front, search.accepted, 1)!;
    expect(gain.low).toBeGreaterThan(0);
    // On items that the search has not seen, and other draws.
    const { accuracy } = (await score(agent.agent, fresh, 2)) as Score;
    expect(accuracy).toBeGreaterThan(MAJORITY_OF_FIVE - 3 * Math.sqrt((0.84 * 0.16) / fresh.length));
    expect(front[0]!.digest).toBe(agentDigest(GREEDY));
    for (const one of front) expect(search.accepted.some((other) => dominates(other, one))).toBe(false);
  });
});

test('planted: an expert that is right more often, behind a classification, is found', async () => {
  const expert = new CoinResponder(0.95, (prompt) => answers.get(prompt) ?? 'unknown');
  const experts: Experts = {
    names: ['max'],
    responder: () => Promise.resolve(expert),
    classify: (questions) => Promise.resolve(questions.map(() => 'max')),
  };
  const means = { ...NO_MEANS, experts: ['max'], isClassified: true };
  const search = new AgentSearch({ ...settings, means });
  for (let left = 3; left > 0; left--) {
    const tried = search.ask().map((agent) => ({ agent, seed: 1, limits: DEFAULT_LIMITS }));
    search.tell(await Promise.all(tried.map((input) => scoreAgent(input, items, { responder, experts }))));
  }
  const { agent, gain } = chooseAgent(search.front(), search.accepted, 1)!;
  expect(agent.agent.nodes.some(({ kind }) => kind === 'route')).toBe(true);
  expect(gain.low).toBeGreaterThan(0);
});

test('killed after any generation, the search goes on with the same trajectory', async () => {
  const whole = await evolve(new AgentSearch(settings), 4);
  for (const generations of [0, 1, 3]) {
    const cut = resumed(await evolve(new AgentSearch(settings), generations));
    expect((await evolve(cut, 4 - generations)).state()).toEqual(whole.state());
  }
  const other = await evolve(new AgentSearch({ ...settings, seed: 6 }), 4);
  expect(other.state()).not.toEqual(whole.state());
});

test('none is lost: generated = accepted + rejected, and each rejection has its reason', async () => {
  const search = new AgentSearch({ ...settings, means: ALL_MEANS });
  for (let left = 5; left > 0; left--) {
    const results = await Promise.all(search.ask().map((agent) => score(agent)));
    search.tell(results.map((result, i) => (i % 4 === 3 && 'correct' in result ? { ...result, accuracy: 0 } : result)));
  }
  const { generated, accepted, rejected } = search;
  expect(generated).toBe(accepted.length + rejected.length + search.ask().length);
  const reasons = rejected.map(({ reason }) => reason);
  expect(reasons).toEqual(expect.arrayContaining(['no answer was right']));
  // Experts were promised, but there are none behind the port.
  expect(reasons).toEqual(expect.arrayContaining([expect.stringMatching(/needs experts/)]));
  const digests = accepted.map(({ digest }) => digest);
  expect(new Set(digests).size).toBe(digests.length);
});

test('where no agent is surely better, the greedy answer is chosen', async () => {
  const certain = new CoinResponder(1, (prompt) => answers.get(prompt)!);
  const search = new AgentSearch(settings);
  const ports = { responder: certain };
  for (let left = 3; left > 0; left--)
    search.tell(
      await Promise.all(
        search.ask().map((agent) => scoreAgent({ agent, seed: 1, limits: DEFAULT_LIMITS }, items, ports)),
      ),
    );
  const { agent, gain } = chooseAgent(search.front(), search.accepted, 1)!;
  expect([agent.digest, gain.estimate]).toEqual([agentDigest(GREEDY), 0]);
});

test('a number of results that does not fit is refused', () => {
  expect(() => new AgentSearch(settings).tell([])).toThrow(/were asked, but 0 results told/);
});

test('an exact verifier passes whatever any of five answers got right', async () => {
  const agent: AgentDocument = {
    version: 1,
    nodes: [
      { id: 'a', kind: 'sample', temperature: 1, count: 5 },
      { id: 'v', kind: 'verify', of: 'a', by: 'exact verifier' },
    ],
    answer: 'v',
  };
  const ports = { responder, exactVerifier: exactVerifierOf(fresh) };
  const { accuracy } = (await scoreAgent({ agent, seed: 1, limits: DEFAULT_LIMITS }, fresh, ports)) as Score;
  const anyOfFive = 1 - (1 - SINGLE) ** 5;
  expect(Math.abs(accuracy - anyOfFive)).toBeLessThan(3 * Math.sqrt((anyOfFive * (1 - anyOfFive)) / fresh.length));
});
