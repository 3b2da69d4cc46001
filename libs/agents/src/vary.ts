import type { Rng } from '@agent-forge/contracts';
import { MAX_COUNT, MAX_NODES, typeOf, type AgentDocument, type AgentNode, type NodeType } from './document.js';
import { GREEDY, type Means } from './designs.js';
import { pruned, renamedNode } from './prune.js';

const TEMPERATURES = [0, 0.3, 0.5, 0.7, 1];
const COUNTS = [1, 3, 5, 7, 9];
const RANDOM_STEPS = 8;

/** The ways in which an agent becomes another, by name; each gives a valid agent. */
export const MUTATIONS = {
  temperature: (agent: AgentDocument, rng: Rng): AgentDocument =>
    changed(agent, rng, (node) => ('temperature' in node ? { ...node, temperature: rng.pick(TEMPERATURES) } : node)),
  count: (agent: AgentDocument, rng: Rng): AgentDocument =>
    changed(agent, rng, (node) => ('count' in node ? { ...node, count: Math.min(MAX_COUNT, rng.pick(COUNTS)) } : node)),
  /** Another way to ask. */
  kind: (agent: AgentDocument, rng: Rng, means: Means): AgentDocument =>
    changed(agent, rng, (node) => ('count' in node ? { ...node, kind: rng.pick(sourceKinds(means)) } : node)),
  /** Another one answers. */
  model: (agent: AgentDocument, rng: Rng, means: Means): AgentDocument => routed(agent, rng, means),
  /** One more step after the answer. */
  grow: (agent: AgentDocument, rng: Rng): AgentDocument => grown(agent, rng),
  /** Answers asked in another way vote with those that are there. */
  ensemble: (agent: AgentDocument, rng: Rng, means: Means): AgentDocument => joined(agent, randomSource(rng, means)),
  /** Another node answers. */
  shrink: (agent: AgentDocument, rng: Rng): AgentDocument => {
    const others = idsOf(agent, 'answers').filter((id) => id !== agent.answer);
    return others.length > 0 ? pruned({ ...agent, answer: rng.pick(others) }) : agent;
  },
} as const;

/** An agent that differs from another in one way. */
export function mutate(agent: AgentDocument, rng: Rng, means: Means): AgentDocument {
  return MUTATIONS[rng.pick(Object.keys(MUTATIONS) as (keyof typeof MUTATIONS)[])](agent, rng, means);
}

/** Two agents that vote together; where they have too many nodes for one, the first of them. */
export function cross(a: AgentDocument, b: AgentDocument): AgentDocument {
  return joined(a, b);
}

/** An agent out of some random mutations. */
export function randomAgent(rng: Rng, means: Means): AgentDocument {
  let agent = GREEDY;
  for (let left = 1 + rng.int(RANDOM_STEPS); left > 0; left--) agent = mutate(agent, rng, means);
  return agent;
}

function sourceKinds({ thinks, hasTool }: Means): ('sample' | 'think' | 'tool')[] {
  return ['sample', ...(thinks ? (['think'] as const) : []), ...(hasTool ? (['tool'] as const) : [])];
}

function randomSource(rng: Rng, means: Means): AgentDocument {
  const source = {
    id: 'a',
    kind: rng.pick(sourceKinds(means)),
    temperature: rng.pick(TEMPERATURES),
    count: rng.pick(COUNTS),
  };
  return { version: 1, nodes: [source], answer: 'a' };
}

/** One node that can be changed is. */
function changed(agent: AgentDocument, rng: Rng, change: (node: AgentNode) => AgentNode): AgentDocument {
  const able = agent.nodes.filter((node) => change(node) !== node);
  if (able.length === 0) return agent;
  const chosen = rng.pick(able);
  return { ...agent, nodes: agent.nodes.map((node) => (node === chosen ? change(node) : node)) };
}

/** One asking node gets a route before it, or loses the one that it had. */
function routed(agent: AgentDocument, rng: Rng, { experts, isClassified }: Means): AgentDocument {
  const able = agent.nodes.filter(({ kind }) => typeOf(kind) !== 'model' && kind !== 'vote' && kind !== 'verify');
  const choices = [...experts, ...(isClassified ? [undefined] : [])];
  if (able.length === 0 || choices.length === 0) return agent;
  const chosen = rng.pick(able);
  const nodes = (model: string | undefined, route: AgentNode[]) =>
    agent.nodes.flatMap((node) => {
      if (node !== chosen) return [node];
      const { model: _model, ...plain } = node as AgentNode & { model?: string };
      return [...route, (model === undefined ? plain : { ...plain, model }) as AgentNode];
    });
  const hasModel = 'model' in chosen && chosen.model !== undefined;
  if (hasModel && rng.int(2) === 0) return pruned({ ...agent, nodes: nodes(undefined, []) });
  if (agent.nodes.length >= MAX_NODES) return agent;
  const expert = rng.pick(choices);
  const route: AgentNode = { id: freeId(agent), kind: 'route', ...(expert === undefined ? {} : { expert }) };
  return pruned({ ...agent, nodes: nodes(route.id, [route]) });
}

function grown(agent: AgentDocument, rng: Rng): AgentDocument {
  const [of, id] = [agent.answer, freeId(agent)];
  const steps: AgentNode[][] = [
    [{ id, kind: 'vote', of: [of] }],
    [{ id, kind: 'verify', of, by: 'agreement' }],
    [
      { id, kind: 'critique', of },
      { id: `${id}r`, kind: 'revise', of, critique: id, temperature: 0 },
    ],
  ];
  const added = rng.pick(steps);
  if (agent.nodes.length + added.length > MAX_NODES) return agent;
  return pruned({ ...agent, nodes: [...agent.nodes, ...added], answer: added.at(-1)!.id });
}

/** Both agents' answers in one vote. An agent that ends with a vote gives its ballots, not its winner. */
function joined(a: AgentDocument, b: AgentDocument): AgentDocument {
  const names = new Map(b.nodes.map(({ id }, index) => [id, `x${index}`]));
  const second = { ...b, nodes: b.nodes.map((node) => renamedNode(node, names)), answer: names.get(b.answer)! };
  a = pruned(a);
  const nodes = [...a.nodes, ...second.nodes];
  const vote: AgentNode = { id: 'vote', kind: 'vote', of: [...new Set([...ballots(a), ...ballots(second)])] };
  const child = pruned({ version: 1, nodes: [...nodes, vote], answer: vote.id });
  return child.nodes.length > MAX_NODES ? a : child;
}

function ballots({ nodes, answer }: AgentDocument): readonly string[] {
  const last = nodes.find(({ id }) => id === answer)!;
  return last.kind === 'vote' ? last.of : [answer];
}

function idsOf({ nodes }: AgentDocument, type: NodeType): string[] {
  return nodes.filter(({ kind }) => typeOf(kind) === type).map(({ id }) => id);
}

function freeId({ nodes }: AgentDocument): string {
  let number = 1;
  while (nodes.some(({ id }) => id === `n${number}` || id === `n${number}r`)) number += 1;
  return `n${number}`;
}
