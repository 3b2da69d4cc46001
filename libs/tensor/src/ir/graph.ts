import { ForgeError } from '@agent-forge/contracts';
import { DTYPES, type DType, type FloatType, type TensorData, fromNumbers, isFloat } from './dtype.js';
import type { Emitter } from './emitter.js';
import { type Shape, numel, show } from './shape.js';

/** What is known of a tensor before it is computed. */
export interface TensorType {
  readonly dtype: DType;
  readonly shape: Shape;
}

/**
 * One operation: its shape and dtype rule, its ONNX form and its gradient rule, side by side in one file of `ops/`.
 * `A` is the type of its attributes.
 */
export interface OpDefinition<A = unknown> {
  readonly name: string;
  /** Types of the outputs. Throws `TypeMismatch` (by `mismatch`) on inputs that do not fit. */
  infer(inputs: readonly TensorType[], attributes: A): TensorType[];
  /** Writes the ONNX nodes that compute the outputs. */
  lower(emit: Emitter, node: Node<A>): void;
  /**
   * Gradients with respect to each input, `null` where there is none.
   * `wanted[i]` says whether anybody asks for input i: work for the others can be left out.
   */
  gradient?(node: Node<A>, outputs: readonly (Value | null)[], wanted: readonly boolean[]): (Value | null)[];
}

/** A tensor in a graph. */
export class Value {
  constructor(
    readonly graph: Graph,
    readonly type: TensorType,
    readonly name: string,
    /** The node that computes it; `null` for inputs and constants. */
    readonly node: Node | null,
    readonly data: TensorData | null = null,
  ) {}

  get shape(): Shape {
    return this.type.shape;
  }

  get dtype(): DType {
    return this.type.dtype;
  }

  /** Dimension `axis` (negative counts from the end) as a number; an error where it is symbolic. */
  dim(axis: number): number {
    const d = this.shape.at(axis);
    if (typeof d === 'number') return d;
    throw new ForgeError(
      'GRAPH_INVALID',
      `${this.name}: dimension ${axis} of ${show(this.shape)} is not a known number`,
    );
  }
}

/** One application of an operation. */
export class Node<A = unknown> {
  outputs: Value[] = [];

  constructor(
    readonly op: OpDefinition<A>,
    readonly inputs: readonly Value[],
    readonly attributes: A,
    readonly name: string,
  ) {}
}

/** Thrown inside `infer`; `Graph.apply` adds the node's name and the input types. */
export class TypeMismatch extends Error {}

export function mismatch(message: string): never {
  throw new TypeMismatch(message);
}

/**
 * A directed acyclic graph of typed tensor operations. Nodes stand in the order in which they were made, which is
 * a topological order. Mistakes of shape or dtype throw `GRAPH_INVALID` at the line that makes them, with the node's name.
 */
export class Graph {
  readonly inputs: Value[] = [];
  readonly nodes: Node[] = [];
  readonly constants: Value[] = [];
  /** The float type of this graph's maths: float32 to train, float64 to check gradients. */
  readonly float: FloatType;
  private readonly scopes: string[] = [];
  private readonly names = new Map<string, number>();
  private readonly scalars = new Map<string, Value>();

  /** @param outer the graph around this one, whose values a loop body may use */
  constructor(
    options: { float?: FloatType } = {},
    readonly outer: Graph | null = null,
  ) {
    this.float = options.float ?? outer?.float ?? 'float32';
  }

  /** Prefixes the names of everything made inside `build`, so that errors and profiles say where they are. */
  scope<T>(name: string, build: () => T): T {
    this.scopes.push(name);
    try {
      return build();
    } finally {
      this.scopes.pop();
    }
  }

  input(name: string, dtype: DType, shape: Shape): Value {
    if (this.inputs.some((v) => v.name === name))
      throw new ForgeError('GRAPH_INVALID', `input ${name} is defined twice`);
    this.names.set(name, 1);
    const value = new Value(this, { dtype, shape }, name, null);
    this.inputs.push(value);
    return value;
  }

  /** A float input in the graph's own float type. */
  floatInput(name: string, shape: Shape): Value {
    return this.input(name, this.float, shape);
  }

  constant(dtype: DType, shape: readonly number[], values: ArrayLike<number> | TensorData, name = 'constant'): Value {
    const data =
      dtype === 'float16' || values instanceof BigInt64Array
        ? (values as TensorData)
        : fromNumbers(dtype, values as ArrayLike<number>);
    if (data.length !== numel(shape))
      throw new ForgeError('GRAPH_INVALID', `constant ${name}: ${data.length} values for shape ${show(shape)}`);
    const value = new Value(this, { dtype, shape }, this.unique(name), null, data);
    this.constants.push(value);
    return value;
  }

  /**
   * A constant whose values are given when the session is made (`SessionOptions.externals`, by this name): large weights
   * then never pass through the serialised model, which protobuf limits to 2 GiB.
   */
  external(name: string, dtype: DType, shape: readonly number[]): Value {
    if (this.names.has(name)) throw new ForgeError('GRAPH_INVALID', `external constant ${name} is defined twice`);
    this.names.set(name, 1);
    const value = new Value(this, { dtype, shape }, name, null);
    this.constants.push(value);
    return value;
  }

  /** A constant of rank 0, in the graph's float type unless `dtype` is given; equal ones are shared. */
  scalar(x: number, dtype: DType = this.float): Value {
    const key = `${dtype}:${Object.is(x, -0) ? '-0' : x}`;
    let value = this.scalars.get(key);
    if (!value) this.scalars.set(key, (value = this.constant(dtype, [], [x], 'scalar')));
    return value;
  }

  /** Applies an operation and returns its outputs. */
  apply<A>(op: OpDefinition<A>, inputs: readonly Value[], attributes: A): Value[] {
    const name = this.unique(op.name);
    let types: TensorType[];
    try {
      types = op.infer(
        inputs.map((v) => v.type),
        attributes,
      );
    } catch (error) {
      if (!(error instanceof TypeMismatch)) throw error;
      const got = inputs.map((v) => `${v.name}: ${v.dtype}${show(v.shape)}`).join(', ');
      throw new ForgeError('GRAPH_INVALID', `${name}: ${error.message} (inputs ${got || 'none'})`);
    }
    for (const v of inputs)
      if (!this.sees(v)) throw new ForgeError('GRAPH_INVALID', `${name}: input ${v.name} belongs to another graph`);
    const node = new Node(op, inputs, attributes, name);
    node.outputs = types.map((type, i) => new Value(this, type, i === 0 ? name : `${name}:${i}`, node as Node));
    this.nodes.push(node as Node);
    return node.outputs;
  }

  /** Reports a mistake that an op of several nodes finds before it makes the first one. */
  mistake(op: string, message: string): never {
    throw new ForgeError('GRAPH_INVALID', `${[...this.scopes, op].join('/')}: ${message}`);
  }

  /** Whether `value` may be used here: it is of this graph or of one around it. */
  sees(value: Value): boolean {
    let graph: Graph | null = this;
    while (graph && graph !== value.graph) graph = graph.outer;
    return graph !== null;
  }

  /** A name that is free in this graph and in those around it (ONNX subgraphs share one name space). */
  unique(hint: string): string {
    const full = [...this.scopes, hint].join('/');
    const root = this.root();
    const n = root.names.get(full) ?? 0;
    root.names.set(full, n + 1);
    return n === 0 ? full : this.unique(`${hint}_${n}`);
  }

  private root(): Graph {
    let graph: Graph = this;
    while (graph.outer) graph = graph.outer;
    return graph;
  }
}

/** Applies an operation in the innermost graph among its inputs', so that a loop body may use values from around it. */
export function apply<A>(op: OpDefinition<A>, inputs: readonly Value[], attributes: A): Value[] {
  let graph = inputs[0]!.graph;
  for (const v of inputs) if (!graph.sees(v)) graph = v.graph;
  return graph.apply(op, inputs, attributes);
}

/** Bytes of a tensor of this type. */
export function sizeBytes(type: TensorType): number | null {
  const n = numel(type.shape);
  return n === null ? null : n * DTYPES[type.dtype].bytes;
}

/** Requires one of the integer types that can index. */
export function integersOf({ dtype }: TensorType): void {
  if (dtype !== 'int32' && dtype !== 'int64') mismatch(`indices are integers, not ${dtype}`);
}

/** Requires one common float type among `types`. */
export function floatsOf(types: readonly TensorType[]): FloatType {
  const dtype = types[0]!.dtype;
  if (!isFloat(dtype)) mismatch(`needs floats, not ${dtype}`);
  for (const t of types) if (t.dtype !== dtype) mismatch(`mixes ${dtype} and ${t.dtype}`);
  return dtype as FloatType;
}
