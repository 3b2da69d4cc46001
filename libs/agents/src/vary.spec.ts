import { describe, expect, test } from '@jest/globals';
import { Rng } from '@agent-forge/contracts';
import { problemOf } from './check-agent.js';
import { designs, missing } from './designs.js';
import { agentDigest, MAX_NODES } from './document.js';
import { pruned } from './prune.js';
import { ALL_MEANS, NO_MEANS } from './testing/means.js';
import { cross, MUTATIONS, randomAgent } from './vary.js';

const agents = Array.from({ length: 300 }, (_, i) => randomAgent(Rng.derive(i, 'vary'), ALL_MEANS));

test('random agents are many, and reach the largest size', () => {
  expect(new Set(agents.map(agentDigest)).size).toBeGreaterThan(150);
  expect(new Set(agents.flatMap(({ nodes }) => nodes.map(({ kind }) => kind)))).toEqual(
    new Set(['route', 'sample', 'think', 'tool', 'vote', 'critique', 'revise', 'verify']),
  );
});

test.each(Object.entries(MUTATIONS))('%s gives a valid agent out of every one, and often another', (_, change) => {
  const children = agents.map((agent, i) => change(agent, Rng.derive(i, 'change'), ALL_MEANS));
  for (const child of children) {
    expect(problemOf(child)).toBeUndefined();
    expect(missing(child, ALL_MEANS)).toBeUndefined();
  }
  const others = children.filter((child, i) => agentDigest(child) !== agentDigest(agents[i]!));
  expect(others.length).toBeGreaterThan(agents.length / 4);
});

test('crossover gives a valid agent out of any two', () => {
  for (const [i, agent] of agents.entries()) {
    const child = cross(agent, agents[(i + 7) % agents.length]!);
    expect(problemOf(child)).toBeUndefined();
    expect(child.nodes.length).toBeLessThanOrEqual(MAX_NODES);
  }
});

describe.each([
  ['with all means', ALL_MEANS],
  ['alone', NO_MEANS],
])('the designs by hand of a model %s', (_, means) => {
  test('are valid, different and can be tried', () => {
    const all = designs(means);
    for (const agent of all) expect([problemOf(agent), missing(agent, means)]).toEqual([undefined, undefined]);
    expect(new Set(all.map(agentDigest)).size).toBe(all.length);
  });
});

test('what the answer does not need is cut, and names do not count', () => {
  const ask = { kind: 'sample', temperature: 0, count: 1 } as const;
  const one = pruned({
    version: 1,
    nodes: [
      { id: 'x', ...ask },
      { id: 'y', ...ask, temperature: 1 },
    ],
    answer: 'y',
  });
  const two = pruned({ version: 1, nodes: [{ id: 'z', ...ask, temperature: 1 }], answer: 'z' });
  expect(one).toEqual(two);
});

test('an exact verifier is never searched with', () => {
  const nodes = [
    { id: 'a', kind: 'sample', temperature: 1, count: 5 },
    { id: 'v', kind: 'verify', of: 'a', by: 'exact verifier' },
  ] as const;
  expect(missing({ version: 1, nodes, answer: 'v' }, ALL_MEANS)).toMatch(/no skill of the model/);
});
