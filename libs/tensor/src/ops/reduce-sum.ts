import { type OpDefinition, type TensorType, type Value, floatsOf, mismatch, apply } from '../ir/graph.js';
import { expand } from './expand.js';
import { reshape } from './reshape.js';

export interface ReduceAttributes {
  readonly axes: readonly number[];
  readonly keepDims: boolean;
}

/** Shape and dtype rule of every reduction. */
export function inferReduce(inputs: readonly TensorType[], { axes, keepDims }: ReduceAttributes): TensorType[] {
  const { shape } = inputs[0]!;
  for (const axis of axes)
    if (!Number.isInteger(axis) || axis < 0 || axis >= shape.length)
      mismatch(`axis ${axis} is outside rank ${shape.length}`);
  const kept = shape.map((d, i) => (axes.includes(i) ? 1 : d));
  return [{ dtype: floatsOf(inputs), shape: keepDims ? kept : shape.filter((_, i) => !axes.includes(i)) }];
}

/** The shape of a reduced value with its axes kept as 1, so that it broadcasts back. */
export function keptShape(x: Value, axes: readonly number[]): (number | string)[] {
  return x.shape.map((d, i) => (axes.includes(i) ? 1 : d));
}

const ReduceSum: OpDefinition<ReduceAttributes> = {
  name: 'reduceSum',
  infer: inferReduce,
  lower(emit, node) {
    const { axes, keepDims } = node.attributes;
    emit.node('ReduceSum', [emit.name(node.inputs[0]!), emit.ints(axes)], [emit.name(node.outputs[0]!)], {
      keepdims: { i: keepDims ? 1 : 0 },
    });
  },
  gradient: ({ inputs: [x], attributes: { axes } }, [g]) => [expand(reshape(g!, keptShape(x!, axes)), x!.shape)],
};

/** Sum over `axes` (all of them by default). */
export function reduceSum(x: Value, axes: readonly number[] = x.shape.map((_, i) => i), keepDims = false): Value {
  return apply(ReduceSum, [x], { axes, keepDims })[0]!;
}
