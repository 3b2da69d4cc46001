import { Value } from '@sinclair/typebox/value';
import { ForgeError, nearest, shownValue } from '@agent-forge/contracts';
import {
  MAX_NODES,
  NODE_SCHEMAS,
  readingsOf,
  typeOf,
  type AgentDocument,
  type AgentNode,
  type NodeKind,
} from './document.js';

const FIELDS = ['version', 'nodes', 'answer'];

/**
 * Reads an agent out of JSON text.
 * @param where it comes from, for the message
 * @throws ForgeError INVALID_ARGUMENT in one line with the first mistake
 */
export function parseAgent(text: string, where: string): AgentDocument {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    throw new ForgeError('INVALID_ARGUMENT', `${where} is not JSON, so it is no agent`);
  }
  return checkAgent(value, where);
}

/** @throws ForgeError INVALID_ARGUMENT unless a value is an agent: known nodes, each reading only nodes before it, of the right type */
export function checkAgent(value: unknown, where = 'the agent'): AgentDocument {
  const problem = problemOf(value);
  if (problem !== undefined) throw new ForgeError('INVALID_ARGUMENT', `${where}: ${problem}`);
  return value as AgentDocument;
}

/** The first mistake of a document; undefined where there is none. */
export function problemOf(value: unknown): string | undefined {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return 'an agent is a JSON object';
  const document = value as Record<string, unknown>;
  const stranger = Object.keys(document).find((key) => !FIELDS.includes(key));
  if (stranger !== undefined) return `unknown field ${shownValue(stranger)}; an agent has ${FIELDS.join(', ')}`;
  if (document['version'] !== 1) return `version is ${shownValue(document['version'])}; only version 1 can be read`;
  const { nodes, answer } = document;
  if (!Array.isArray(nodes) || nodes.length < 1 || nodes.length > MAX_NODES)
    return `nodes must be a list of 1 to ${MAX_NODES} nodes`;
  const before = new Map<string, NodeKind>();
  for (const [index, node] of nodes.entries()) {
    const problem = nodeProblem(node, before);
    if (problem !== undefined) return `node ${index + 1}${nameOf(node)} ${problem}`;
    before.set((node as AgentNode).id, (node as AgentNode).kind);
  }
  const kind = typeof answer === 'string' ? before.get(answer) : undefined;
  if (kind === undefined) return `answer is ${shownValue(answer)}; it must be the id of a node`;
  return typeOf(kind) === 'answers'
    ? undefined
    : `answer names ${shownValue(answer)}, a ${kind}, which gives no answers`;
}

function nodeProblem(node: unknown, before: ReadonlyMap<string, NodeKind>): string | undefined {
  if (typeof node !== 'object' || node === null) return `is ${shownValue(node)}; it must be an object`;
  const { kind } = node as { kind?: unknown };
  const kinds = Object.keys(NODE_SCHEMAS);
  if (typeof kind !== 'string' || !kinds.includes(kind)) {
    const meant = typeof kind === 'string' ? nearest(kind, kinds) : undefined;
    return `has kind ${shownValue(kind)}; ${meant === undefined ? `there are ${kinds.join(', ')}` : `did you mean ${meant}?`}`;
  }
  const error = Value.Errors(NODE_SCHEMAS[kind as NodeKind], node).First();
  if (error)
    return `has a bad field ${error.path.slice(1)}: ${shownValue(error.value)} (${error.message.toLowerCase()})`;
  const known = node as AgentNode;
  if (before.has(known.id)) return 'has the id of a node before it';
  for (const { field, id, type } of readingsOf(known)) {
    const other = before.get(id);
    if (other === undefined) return `reads ${field} ${shownValue(id)}, which is no node before it`;
    if (typeOf(other) !== type) return `reads ${field} ${shownValue(id)}, a ${other}, which gives no ${type}`;
  }
  return undefined;
}

function nameOf(node: unknown): string {
  const id = typeof node === 'object' && node !== null ? (node as { id?: unknown }).id : undefined;
  return typeof id === 'string' ? ` (${id.slice(0, 16)})` : '';
}
