import { type OpDefinition, type Value, apply } from '../ir/graph.js';
import { mul } from './mul.js';
import { type ReduceAttributes, inferReduce, keptShape } from './reduce-sum.js';
import { reshape } from './reshape.js';

const ReduceSumSquare: OpDefinition<ReduceAttributes> = {
  name: 'reduceSumSquare',
  infer: inferReduce,
  lower(emit, node) {
    const { axes, keepDims } = node.attributes;
    emit.node('ReduceSumSquare', [emit.name(node.inputs[0]!), emit.ints(axes)], [emit.name(node.outputs[0]!)], {
      keepdims: { i: keepDims ? 1 : 0 },
    });
  },
  gradient: ({ inputs: [x], attributes: { axes } }, [g]) => [
    mul(mul(x!, g!.graph.scalar(2)), reshape(g!, keptShape(x!, axes))),
  ],
};

/** Sum of squares over `axes` (all of them by default), in one pass. */
export function reduceSumSquare(x: Value, axes: readonly number[] = x.shape.map((_, i) => i), keepDims = false): Value {
  return apply(ReduceSumSquare, [x], { axes, keepDims })[0]!;
}
