import type { Emitter } from '../ir/emitter.js';
import { type Node, type OpDefinition, type TensorType, type Value, floatsOf, mismatch } from '../ir/graph.js';
import { broadcast, broadcastAxes, numel, sameShape, show } from '../ir/shape.js';
import { reduceSum } from './reduce-sum.js';
import { reshape } from './reshape.js';

type BinaryGradient = (node: Node<null>, g: Value, wanted: readonly boolean[]) => (Value | null)[];
type UnaryGradient = (node: Node<null>, g: Value) => Value | null;

/** Shape and dtype rule of every broadcasting binary op on floats. */
export function inferBinary(inputs: readonly TensorType[]): TensorType[] {
  const dtype = floatsOf(inputs);
  const [a, b] = inputs as [TensorType, TensorType];
  const shape = broadcast(a.shape, b.shape);
  if (!shape) mismatch(`${show(a.shape)} and ${show(b.shape)} do not broadcast`);
  return [{ dtype, shape: shape! }];
}

/** A broadcasting binary op on floats that is one ONNX node. */
export function binary(name: string, opType: string, gradient: BinaryGradient): OpDefinition<null> {
  return {
    name,
    infer: inferBinary,
    lower: (emit: Emitter, node) => emit.one(node as Node, opType),
    gradient: (node, [g], wanted) => gradient(node, g!, wanted),
  };
}

/** An element-by-element op on floats that is one ONNX node. */
export function unary(name: string, opType: string, gradient: UnaryGradient): OpDefinition<null> {
  return {
    name,
    infer: (inputs) => [{ dtype: floatsOf(inputs), shape: inputs[0]!.shape }],
    lower: (emit, node) => emit.one(node as Node, opType),
    gradient: (node, [g]) => [gradient(node, g!)],
  };
}

/** Sums a gradient over the axes along which its value was broadcast, so that it has `target`'s shape again. */
export function sumTo(g: Value, target: Value): Value {
  if (sameShape(g.shape, target.shape)) return g;
  const axes = broadcastAxes(g.shape, target.shape);
  const summed = axes.length === 0 ? g : reduceSum(g, axes, true);
  return reshape(summed, target.shape);
}

/** The number of elements over which `axes` reduce, which must be known. */
export function reducedCount(value: Value, axes: readonly number[]): number {
  return numel(axes.map((a) => value.dim(a)))!;
}
