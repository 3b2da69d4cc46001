import { create, fromBinary, toBinary } from '@bufbuild/protobuf';
import { ForgeError } from '@agent-forge/contracts';
import {
  type GraphProto,
  type ModelProto,
  AttributeProtoSchema,
  AttributeProto_AttributeType as AttributeType,
  ModelProtoSchema,
  NodeProtoSchema,
} from '../generated/onnx_pb.js';

/** The joined output of {@link withFreshOutputs}. */
export const FRESH = 'fresh';

/**
 * A generating model, as tools expect it, returns its whole cache for every token: old keys and values with the new ones
 * appended. This takes the joining out again, for a caller that keeps the cache itself: the outputs whose names begin with
 * `prefix` become one, {@link FRESH}, with what would have been appended to each, joined along the first axis in their order.
 * @param model ONNX bytes
 * @throws ForgeError `GRAPH_INVALID` when the bytes are no model, or an output is not a join of two
 */
export function withFreshOutputs(model: Uint8Array, prefix: string): Uint8Array {
  const proto = parse(model);
  const graph = proto.graph!;
  const joined = graph.output.filter(({ name }) => name.startsWith(prefix)).map(({ name }) => name);
  const parts = joined.map((name) => appended(graph, name));
  const dropped = new Set(joined);
  graph.node = graph.node.filter((node) => !node.output.some((name) => dropped.has(name)));
  const axis = create(AttributeProtoSchema, { name: 'axis', type: AttributeType.INT, i: 0n });
  graph.node.push(
    create(NodeProtoSchema, { name: FRESH, opType: 'Concat', input: parts, output: [FRESH], attribute: [axis] }),
  );
  const first = graph.output.find(({ name }) => dropped.has(name))!;
  graph.output = graph.output.filter(({ name }) => !dropped.has(name));
  graph.output.push({ ...first, name: FRESH, type: { ...first.type!, value: unknownShape(first.type!.value) } });
  return toBinary(ModelProtoSchema, proto);
}

function parse(model: Uint8Array): ModelProto {
  try {
    const proto = fromBinary(ModelProtoSchema, model);
    if (proto.graph) return proto;
  } catch (error) {
    throw new ForgeError('GRAPH_INVALID', 'these bytes are no ONNX model', error);
  }
  throw new ForgeError('GRAPH_INVALID', 'this ONNX model has no graph');
}

/** The second input of the node that joins old and new. */
function appended(graph: GraphProto, output: string): string {
  const node = graph.node.find((n) => n.output.includes(output));
  if (node?.opType !== 'Concat' || node.input.length !== 2)
    throw new ForgeError('GRAPH_INVALID', `output ${output} is not a join of old and new keys or values`);
  return node.input[1]!;
}

type TypeValue = NonNullable<GraphProto['output'][number]['type']>['value'];

/** The element type alone: shapes are optional in a model. */
function unknownShape(value: TypeValue): TypeValue {
  if (value.case !== 'tensorType') return value;
  const { shape: _, ...rest } = value.value;
  return { case: 'tensorType', value: rest };
}
