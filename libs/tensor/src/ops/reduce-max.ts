import { type OpDefinition, type Value, apply } from '../ir/graph.js';
import { cast } from './cast.js';
import { div } from './div.js';
import { equal } from './equal.js';
import { mul } from './mul.js';
import { type ReduceAttributes, inferReduce, keptShape, reduceSum } from './reduce-sum.js';
import { reshape } from './reshape.js';

const ReduceMax: OpDefinition<ReduceAttributes> = {
  name: 'reduceMax',
  infer: inferReduce,
  lower(emit, node) {
    const { axes, keepDims } = node.attributes;
    emit.node('ReduceMax', [emit.name(node.inputs[0]!), emit.ints(axes)], [emit.name(node.outputs[0]!)], {
      keepdims: { i: keepDims ? 1 : 0 },
    });
  },
  gradient({ inputs: [x], outputs: [y], attributes: { axes } }, [g]) {
    const kept = keptShape(x!, axes);
    const hit = cast(equal(x!, reshape(y!, kept)), x!.dtype);
    return [mul(div(hit, reduceSum(hit, axes, true)), reshape(g!, kept))];
  },
};

/** Largest element over `axes`; the gradient is shared equally among ties (as torch.amax). */
export function reduceMax(x: Value, axes: readonly number[] = x.shape.map((_, i) => i), keepDims = false): Value {
  return apply(ReduceMax, [x], { axes, keepDims })[0]!;
}
