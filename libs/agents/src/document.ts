import { createHash } from 'node:crypto';
import { Type, type Static } from '@sinclair/typebox';
import { canonicalJson } from '@agent-forge/contracts';

/** The file that a winning agent is shipped as, beside the model. */
export const AGENT_FILE = 'agent.json';
/** Nodes of a graph at most. */
export const MAX_NODES = 16;
/** Answers that one node asks for at most. */
export const MAX_COUNT = 16;
const MAX_TEMPERATURE = 2;

const id = Type.String({
  pattern: '^[a-z][a-z0-9]{0,15}$',
  description: 'name of a node: a letter, then letters and digits',
});
const expert = Type.String({ minLength: 1, maxLength: 64, description: 'name of an expert' });
const model = Type.Optional(id);
const temperature = Type.Number({ minimum: 0, maximum: MAX_TEMPERATURE });
const asks = { temperature, count: Type.Integer({ minimum: 1, maximum: MAX_COUNT }), model };
const node = <K extends string, P extends Parameters<typeof Type.Object>[0]>(kind: K, properties: P) =>
  Type.Object({ id, kind: Type.Literal(kind), ...properties }, { additionalProperties: false });

/** Ways to tell right answers from wrong ones. The exact verifier computes the answer itself, so that what it lets through is never the model's own skill. */
export const VERIFIERS = ['agreement', 'exact verifier'] as const;

/** The kinds of nodes with their fields, by name. */
export const NODE_SCHEMAS = {
  /** Chooses who answers: a named expert, or the one that the question's class has. */
  route: node('route', { expert: Type.Optional(expert) }),
  /** Asks the question `count` times; at temperature 0 for the likeliest answer. */
  sample: node('sample', asks),
  /** Asks the question so that the model thinks before it answers. */
  think: node('think', asks),
  /** Asks the question with the tool on offer; where the answer is a call, what the tool gives is the answer. */
  tool: node('tool', asks),
  /** The most frequent answer of the nodes before; the earliest of equals. */
  vote: node('vote', { of: Type.Array(id, { minItems: 1, maxItems: MAX_NODES }) }),
  /** Asks for what is wrong with each answer. */
  critique: node('critique', { of: id, model }),
  /** Asks again, with an answer and what was said against it. */
  revise: node('revise', { of: id, critique: id, temperature, model }),
  /** Keeps the answers that pass, or all where none does. */
  verify: node('verify', { of: id, by: Type.Union(VERIFIERS.map((name) => Type.Literal(name))) }),
} as const;

/** A kind of node. */
export type NodeKind = keyof typeof NODE_SCHEMAS;
/** One node of a graph. */
export type AgentNode = { [K in NodeKind]: Static<(typeof NODE_SCHEMAS)[K]> }[NodeKind];

/** An agent: nodes, each of which reads only nodes before it, and the one whose first answer is the agent's. */
export interface AgentDocument {
  readonly version: 1;
  readonly nodes: readonly AgentNode[];
  /** Id of the node that answers. */
  readonly answer: string;
}

/** What a node gives to others. */
export type NodeType = 'answers' | 'critique' | 'model';

/** What the nodes of a kind give. */
export function typeOf(kind: NodeKind): NodeType {
  if (kind === 'route') return 'model';
  return kind === 'critique' ? 'critique' : 'answers';
}

/** What a node reads: the field, the id of the node before, and the type that it must have. */
export interface Reading {
  readonly field: string;
  readonly id: string;
  readonly type: NodeType;
}

/** Everything that a node reads. */
export function readingsOf(node: AgentNode): Reading[] {
  const readings: Reading[] = [];
  if ('of' in node) for (const id of [node.of].flat()) readings.push({ field: 'of', id, type: 'answers' });
  if (node.kind === 'revise') readings.push({ field: 'critique', id: node.critique, type: 'critique' });
  if ('model' in node && node.model !== undefined) readings.push({ field: 'model', id: node.model, type: 'model' });
  return readings;
}

/** Whether a verifier that computes the answer itself is part of it: then its accuracy is not the model's own. */
export function hasExactVerifier({ nodes }: AgentDocument): boolean {
  return nodes.some((node) => node.kind === 'verify' && node.by === 'exact verifier');
}

/** Whether it sends questions to experts, so that it works only where they are at hand. */
export function usesExperts({ nodes }: AgentDocument): boolean {
  return nodes.some(({ kind }) => kind === 'route');
}

/** SHA-256 of its canonical JSON. */
export function agentDigest(agent: AgentDocument): string {
  return createHash('sha256').update(canonicalJson(agent)).digest('hex');
}
