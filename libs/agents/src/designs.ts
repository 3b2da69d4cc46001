import { hasExactVerifier, type AgentDocument, type AgentNode, type NodeKind } from './document.js';
import { pruned } from './prune.js';

/** What a model has beside itself; what is not there is neither proposed nor tried. */
export interface Means {
  /** Names of experts. */
  readonly experts: readonly string[];
  /** Whether they can be chosen by the class of a question. */
  readonly isClassified: boolean;
  readonly hasTool: boolean;
  /** Whether the model has a form of thoughts. */
  readonly thinks: boolean;
}

const SAMPLES = 5;
const WARM = 0.7;

/** The baseline: the single likeliest answer. In calibration a vote of sampled answers lost to it. */
export const GREEDY: AgentDocument = {
  version: 1,
  nodes: [{ id: 'a', kind: 'sample', temperature: 0, count: 1 }],
  answer: 'a',
};

/** The designs by hand that an archive begins with (Hu et al. 2025, arXiv:2408.08435, section 4, as far as they are graphs), as far as the means go. */
export function designs(means: Means): AgentDocument[] {
  const greedy = GREEDY.nodes[0]!;
  const vote: AgentNode = { id: 'v', kind: 'vote', of: ['a'] };
  const agents: AgentNode[][] = [
    [greedy],
    [{ id: 'a', kind: 'sample', temperature: WARM, count: SAMPLES }, vote],
    [
      greedy,
      { id: 'c', kind: 'critique', of: 'a' },
      { id: 'r', kind: 'revise', of: 'a', critique: 'c', temperature: 0 },
    ],
  ];
  if (means.thinks)
    agents.push(
      [{ id: 'a', kind: 'think', temperature: 0, count: 1 }],
      [{ id: 'a', kind: 'think', temperature: WARM, count: SAMPLES }, vote],
    );
  if (means.isClassified)
    agents.push([
      { id: 'm', kind: 'route' },
      { id: 'a', kind: 'sample', temperature: 0, count: 1, model: 'm' },
    ]);
  for (const expert of means.experts)
    agents.push([
      { id: 'm', kind: 'route', expert },
      { id: 'a', kind: 'sample', temperature: 0, count: 1, model: 'm' },
    ]);
  if (means.hasTool) agents.push([{ id: 'a', kind: 'tool', temperature: 0, count: 1 }]);
  return agents.map((nodes) => pruned({ version: 1, nodes, answer: nodes.at(-1)!.id }));
}

/** Why an agent cannot be tried with these means; undefined where it can. An exact verifier is never part of a search: it would be chosen for what the model cannot do. */
export function missing(agent: AgentDocument, means: Means): string | undefined {
  if (hasExactVerifier(agent)) return 'an exact verifier computes the answer itself, so it is no skill of the model';
  const uses = (kind: NodeKind) => agent.nodes.some((node) => node.kind === kind);
  if (uses('think') && !means.thinks) return 'the model has no form of thoughts';
  if (uses('tool') && !means.hasTool) return 'there is no tool';
  for (const node of agent.nodes) {
    if (node.kind !== 'route') continue;
    if (node.expert === undefined && !means.isClassified) return 'there is no classification to route by';
    if (node.expert !== undefined && !means.experts.includes(node.expert)) return `there is no expert "${node.expert}"`;
  }
  return undefined;
}
