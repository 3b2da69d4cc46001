import { ForgeError } from '@agent-forge/contracts';
import { add } from '../ops/add.js';
import type { Graph, Node, Value } from './graph.js';
import { captured } from './serialize.js';
import { numel, sameShape, show } from './shape.js';

/**
 * Reverse-mode differentiation on the graph: appends the nodes that compute d(loss)/d(x) for every x of `wrt`.
 * Only values on a path from some `wrt` to the loss are visited, so constants never get a useless gradient.
 * Inside a loop body the path may lead through nodes of the graphs around it, where ops on outer values alone stand.
 * @param loss a value of one element
 * @returns one gradient per `wrt`, of its shape; `null` where the loss does not depend on it
 * @throws ForgeError `GRAPH_INVALID` when an op on the path has no gradient rule
 */
export function gradients(loss: Value, wrt: readonly Value[]): (Value | null)[] {
  if (numel(loss.shape) !== 1)
    throw new ForgeError('GRAPH_INVALID', `${loss.name}: a loss has one element, not ${show(loss.shape)}`);
  const graph = loss.graph;
  // The node lists grow while gradients are appended; only the forward part is walked.
  const nodes = visible(graph);
  const wanted = dependents(nodes, wrt);
  const totals = new Map<Value, Value>();
  const one = loss.shape.length === 0 ? graph.scalar(1) : graph.constant(graph.float, loss.shape as number[], [1]);
  totals.set(loss, one);
  for (const node of nodes.reverse()) backward(graph, node, wanted, totals);
  return wrt.map((v) => totals.get(v) ?? null);
}

/** All nodes whose values the graph can use, in topological order: those of the graphs around it come first. */
function visible(graph: Graph): Node[] {
  return [...(graph.outer ? visible(graph.outer) : []), ...graph.nodes];
}

/** All values that depend on one of `sources`. */
function dependents(nodes: readonly Node[], sources: readonly Value[]): Set<Value> {
  const out = new Set<Value>(sources);
  for (const node of nodes)
    if ([...node.inputs, ...captured(node)].some((v) => out.has(v))) node.outputs.forEach((v) => out.add(v));
  return out;
}

function backward(graph: Graph, node: Node, wanted: Set<Value>, totals: Map<Value, Value>): void {
  const incoming = node.outputs.map((v) => totals.get(v) ?? null);
  if (incoming.every((g) => g === null)) return;
  const asks = node.inputs.map((v) => wanted.has(v));
  if (!asks.includes(true) && !captured(node).some((v) => wanted.has(v))) return;
  if (!node.op.gradient) throw new ForgeError('GRAPH_INVALID', `${node.name}: ${node.op.name} has no gradient rule`);
  const results = graph.scope(`grad/${node.name}`, () => node.op.gradient!(node, incoming, asks));
  node.inputs.forEach((input, i) => {
    const g = results[i];
    if (!g || !asks[i]) return;
    if (!sameShape(g.shape, input.shape)) {
      throw new ForgeError(
        'GRAPH_INVALID',
        `${node.name}: gradient ${show(g.shape)} for input ${i} of shape ${show(input.shape)}`,
      );
    }
    const before = totals.get(input);
    totals.set(input, before ? add(before, g) : g);
  });
}
