import { create } from '@bufbuild/protobuf';
import {
  type AttributeProto,
  AttributeProtoSchema,
  AttributeProto_AttributeType as AttributeType,
  type GraphProto,
  GraphProtoSchema,
  NodeProtoSchema,
  StringStringEntryProtoSchema,
  type TensorProto,
  TensorProtoSchema,
  TensorProto_DataLocation,
  type ValueInfoProto,
  ValueInfoProtoSchema,
} from '../generated/onnx_pb.js';
import type { Provider } from '../session/provider.js';
import { DTYPES, type DType, type FloatType, type TensorData, fromNumbers } from './dtype.js';
import type { Graph, Node, TensorType, Value } from './graph.js';

/** An ONNX attribute, by kind: int, float, string, ints, floats or graph. */
export type Attribute = { i: number } | { f: number } | { s: string } | { is: readonly number[] } | { g: GraphProto };

/** Where the values of an external constant are: in a file beside the model, from a position on. */
export interface ExternalPlace {
  readonly location: string;
  readonly offsetBytes: number;
}

/** Values of external constants by name: in other files, or to be written into the model. */
export type ExternalPlaces = ReadonlyMap<string, ExternalPlace | TensorData>;

/** Collects the ONNX nodes of one graph while its IR nodes are lowered one after another. */
export class Emitter {
  private readonly proto: GraphProto;
  private readonly ids = new Map<Value, string>();
  private counter = 0;

  /** @param outer the emitter of the surrounding graph, for a loop body */
  constructor(
    readonly graph: Graph,
    private readonly outer: Emitter | null = null,
    prefix = '',
    /** Where the graph will run: kernels differ in what they can do. */
    readonly provider: Provider = outer?.provider ?? 'cpu',
    private readonly places: ExternalPlaces = outer?.places ?? new Map(),
  ) {
    this.proto = create(GraphProtoSchema, { name: `${prefix || 'main'}` });
    this.prefix = prefix;
  }

  private readonly prefix: string;

  get float(): FloatType {
    return this.graph.float;
  }

  /** The ONNX name of a value, here or in a graph around this one. */
  name(value: Value): string {
    const own = this.ids.get(value);
    if (own !== undefined) return own;
    if (this.outer && value.graph !== this.graph) return this.outer.name(value);
    const fresh = value.graph.inputs.includes(value) ? this.prefix + value.name : this.fresh(value.name);
    this.ids.set(value, fresh);
    return fresh;
  }

  /** Gives a value that a node of this graph computes the name under which the graph returns it; false if it has a name already. */
  claim(value: Value, output: string): boolean {
    if (value.graph !== this.graph || value.node === null || this.ids.has(value)) return false;
    this.ids.set(value, output);
    return true;
  }

  fresh(hint: string): string {
    return `${this.prefix}${hint}#${this.counter++}`;
  }

  /** The usual case: one ONNX node that takes the node's inputs and gives its outputs. */
  one(node: Node, opType: string, attributes: Record<string, Attribute> = {}, domain = ''): void {
    this.node(
      opType,
      node.inputs.map((v) => this.name(v)),
      node.outputs.map((v) => this.name(v)),
      attributes,
      domain,
    );
  }

  /** Adds an ONNX node; input and output are names. An empty name is an absent optional input. */
  node(
    opType: string,
    inputs: readonly string[],
    outputs: readonly string[],
    attributes: Record<string, Attribute> = {},
    domain = '',
  ): void {
    const attribute = Object.entries(attributes).map(([name, a]) => toAttribute(name, a));
    this.proto.node.push(
      create(NodeProtoSchema, {
        input: [...inputs],
        output: [...outputs],
        name: outputs.find((o) => o !== '') ?? opType,
        opType,
        domain,
        attribute,
      }),
    );
  }

  /** Adds an ONNX node with one output and returns the output's name. */
  value(opType: string, inputs: readonly string[], attributes: Record<string, Attribute> = {}, domain = ''): string {
    const output = this.fresh(opType);
    this.node(opType, inputs, [output], attributes, domain);
    return output;
  }

  /** A constant made while lowering (axes, shapes, ...); returns its name. */
  constant(dtype: DType, shape: readonly number[], values: ArrayLike<number>): string {
    const name = this.fresh('const');
    this.proto.initializer.push(toTensor(name, dtype, shape, fromNumbers(dtype, values)));
    return name;
  }

  ints(values: readonly number[]): string {
    return this.constant('int64', [values.length], values);
  }

  initializer(value: Value): void {
    const shape = value.shape as readonly number[];
    const name = this.name(value);
    const place = value.data ?? this.places.get(value.name) ?? { location: value.name, offsetBytes: 0 };
    this.proto.initializer.push(
      'location' in place
        ? toExternalTensor(name, value.dtype, shape, place)
        : toTensor(name, value.dtype, shape, place),
    );
  }

  finish(outputs: readonly { name: string; type: TensorType }[]): GraphProto {
    this.proto.input = this.graph.inputs.map((v) => toValueInfo(this.name(v), v.type));
    this.proto.output = outputs.map((o) => toValueInfo(o.name, o.type));
    return this.proto;
  }
}

function toAttribute(name: string, a: Attribute): AttributeProto {
  if ('i' in a) return create(AttributeProtoSchema, { name, type: AttributeType.INT, i: BigInt(a.i) });
  if ('f' in a) return create(AttributeProtoSchema, { name, type: AttributeType.FLOAT, f: a.f });
  if ('s' in a)
    return create(AttributeProtoSchema, { name, type: AttributeType.STRING, s: new TextEncoder().encode(a.s) });
  if ('is' in a) return create(AttributeProtoSchema, { name, type: AttributeType.INTS, ints: a.is.map(BigInt) });
  return create(AttributeProtoSchema, { name, type: AttributeType.GRAPH, g: a.g });
}

export function toTensor(name: string, dtype: DType, shape: readonly number[], data: TensorData): TensorProto {
  const rawData = new Uint8Array(data.buffer, data.byteOffset, data.byteLength) as Uint8Array<ArrayBuffer>;
  return create(TensorProtoSchema, { name, dataType: DTYPES[dtype].onnx, dims: shape.map(BigInt), rawData });
}

/** A tensor whose bytes are elsewhere; the session looks them up under the name of their place. */
function toExternalTensor(
  name: string,
  dtype: DType,
  shape: readonly number[],
  { location, offsetBytes }: ExternalPlace,
): TensorProto {
  const sizeBytes = shape.reduce((n, d) => n * d, DTYPES[dtype].bytes);
  const entries = { location, offset: String(offsetBytes), length: String(sizeBytes) };
  return create(TensorProtoSchema, {
    name,
    dataType: DTYPES[dtype].onnx,
    dims: shape.map(BigInt),
    dataLocation: TensorProto_DataLocation.EXTERNAL,
    externalData: Object.entries(entries).map(([key, text]) =>
      create(StringStringEntryProtoSchema, { key, value: text }),
    ),
  });
}

function toValueInfo(name: string, type: TensorType): ValueInfoProto {
  const dim = type.shape.map((d) =>
    typeof d === 'number'
      ? { value: { case: 'dimValue' as const, value: BigInt(d) } }
      : { value: { case: 'dimParam' as const, value: d } },
  );
  return create(ValueInfoProtoSchema, {
    name,
    type: { value: { case: 'tensorType', value: { elemType: DTYPES[type.dtype].onnx, shape: { dim } } } },
  });
}
