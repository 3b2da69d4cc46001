import { readingsOf, type AgentDocument, type AgentNode } from './document.js';

/**
 * The agent without nodes that its answer does not need, and with the names `a`, `b`, … in their order: graphs that do the same in
 * the same order are equal, so that a search does not try one of them twice.
 */
export function pruned({ nodes, answer }: AgentDocument): AgentDocument {
  const needed = new Set([answer]);
  for (const node of [...nodes].reverse())
    if (needed.has(node.id)) for (const { id } of readingsOf(node)) needed.add(id);
  const kept = nodes.filter(({ id }) => needed.has(id));
  const names = new Map(kept.map(({ id }, index) => [id, String.fromCharCode('a'.charCodeAt(0) + index)]));
  return { version: 1, nodes: kept.map((node) => renamedNode(node, names)), answer: names.get(answer)! };
}

/** A node whose id, and every id that it reads, has the name that a map gives it. */
export function renamedNode(node: AgentNode, names: ReadonlyMap<string, string>): AgentNode {
  const fields = new Set(['id', ...readingsOf(node).map(({ field }) => field)]);
  const name = (id: string): string => names.get(id)!;
  const entries = Object.entries(node).map(([key, value]) => {
    if (!fields.has(key)) return [key, value];
    return [key, Array.isArray(value) ? value.map(name) : name(value as string)];
  });
  return Object.fromEntries(entries) as AgentNode;
}
