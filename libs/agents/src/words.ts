import type { AgentDocument, AgentNode } from './document.js';

/** An agent as a line for a person: what its nodes do, in their order. */
export function agentInWords({ nodes }: AgentDocument): string {
  return nodes.map(nodeInWords).join(', ');
}

function nodeInWords(node: AgentNode): string {
  switch (node.kind) {
    case 'route':
      return node.expert === undefined ? 'route to the expert of its class' : `route to the expert ${node.expert}`;
    case 'sample':
      return asked('answer', node);
    case 'think':
      return asked('thought and answer', node);
    case 'tool':
      return asked('answer with the tool on offer', node);
    case 'verify':
      return `keep by ${node.by}`;
    case 'vote':
    case 'critique':
    case 'revise':
      return node.kind;
  }
}

function asked(what: string, { temperature, count }: { temperature: number; count: number }): string {
  const how = temperature === 0 ? 'greedy' : `at temperature ${Number(temperature.toFixed(2))}`;
  return `${count === 1 ? what : `${count} times ${what}`} (${how})`;
}
