import { create, toBinary } from '@bufbuild/protobuf';
import { ForgeError } from '@agent-forge/contracts';
import { type GraphProto, ModelProtoSchema } from '../generated/onnx_pb.js';
import type { Provider } from '../session/provider.js';
import { Emitter, type ExternalPlaces } from './emitter.js';
import type { Graph, Node, Value } from './graph.js';

/** ONNX opset of the standard domain; RotaryEmbedding and friends come from `com.microsoft` 1. */
const OPSET = 21;
const IR_VERSION = 10;

/** Named outputs of a graph, in order. */
export type Outputs = Readonly<Record<string, Value>>;

/** The graph's nodes that the outputs need, in order. */
export function reachable(graph: Graph, outputs: readonly Value[]): Node[] {
  const needed = new Set<Node>();
  const visit = (value: Value): void => {
    if (value.graph === graph && value.node) needed.add(value.node);
  };
  outputs.forEach(visit);
  for (let i = graph.nodes.length - 1; i >= 0; i--) {
    const node = graph.nodes[i]!;
    if (!needed.has(node)) continue;
    node.inputs.forEach(visit);
    for (const v of captured(node)) visit(v);
  }
  return graph.nodes.filter((n) => needed.has(n));
}

/** Values of surrounding graphs that the body of a loop node uses. */
export function captured(node: Node): readonly Value[] {
  return (node.attributes as { captured?: readonly Value[] } | undefined)?.captured ?? [];
}

/** Lowers a graph (the top one, or a loop body when `outer` is given). Nodes that no output needs are left out. */
export function lowerGraph(
  graph: Graph,
  outputs: Outputs,
  outer: Emitter | null = null,
  prefix = '',
  provider?: Provider,
  places?: ExternalPlaces,
): GraphProto {
  const emit = new Emitter(graph, outer, prefix, provider, places);
  const nodes = reachable(graph, Object.values(outputs));
  const used = new Set<Value>([...Object.values(outputs), ...nodes.flatMap((n) => [...n.inputs, ...captured(n)])]);
  for (const c of graph.constants) if (used.has(c)) emit.initializer(c);
  // An output is computed under its own name, so that it is written in place: an Identity would copy it. Inputs, constants
  // and values that are asked for twice have a name already and do need one.
  const named = Object.entries(outputs).map(([name, value]) => ({
    name: prefix + name,
    value,
    direct: emit.claim(value, prefix + name),
  }));
  for (const node of nodes) node.op.lower(emit, node);
  for (const { name, value, direct } of named) if (!direct) emit.node('Identity', [emit.name(value)], [name]);
  return emit.finish(named.map(({ name, value }) => ({ name, type: value.type })));
}

/**
 * Serialises a graph to an ONNX model (protobuf bytes).
 * @param provider where it will run: some ops are written differently for a provider that lacks their fused kernel
 * @param places where external constants are; a session finds those that are not named by their own name
 * @throws ForgeError `GRAPH_INVALID` when it has no output, or one named like an input
 */
export function toOnnx(
  graph: Graph,
  outputs: Outputs,
  provider: Provider = 'cpu',
  places?: ExternalPlaces,
): Uint8Array {
  if (Object.keys(outputs).length === 0) throw new ForgeError('GRAPH_INVALID', 'a graph needs at least one output');
  const clash = graph.inputs.find((v) => v.name in outputs);
  if (clash) throw new ForgeError('GRAPH_INVALID', `output ${clash.name} has the name of an input`);
  const model = create(ModelProtoSchema, {
    irVersion: BigInt(IR_VERSION),
    producerName: 'agent-forge',
    graph: lowerGraph(graph, outputs, null, '', provider, places),
    opsetImport: [
      { domain: '', version: BigInt(OPSET) },
      { domain: 'com.microsoft', version: 1n },
    ],
  });
  return toBinary(ModelProtoSchema, model);
}
