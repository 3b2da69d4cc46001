import { type OpDefinition, type Value, apply } from '../ir/graph.js';
import { reducedCount } from './elementwise.js';
import { expand } from './expand.js';
import { mul } from './mul.js';
import { type ReduceAttributes, inferReduce, keptShape } from './reduce-sum.js';
import { reshape } from './reshape.js';

const ReduceMean: OpDefinition<ReduceAttributes> = {
  name: 'reduceMean',
  infer: inferReduce,
  lower(emit, node) {
    const { axes, keepDims } = node.attributes;
    emit.node('ReduceMean', [emit.name(node.inputs[0]!), emit.ints(axes)], [emit.name(node.outputs[0]!)], {
      keepdims: { i: keepDims ? 1 : 0 },
    });
  },
  gradient({ inputs: [x], attributes: { axes } }, [g]) {
    const share = mul(g!, g!.graph.scalar(1 / reducedCount(x!, axes)));
    return [expand(reshape(share, keptShape(x!, axes)), x!.shape)];
  },
};

/** Mean over `axes` (all of them by default). */
export function reduceMean(x: Value, axes: readonly number[] = x.shape.map((_, i) => i), keepDims = false): Value {
  return apply(ReduceMean, [x], { axes, keepDims })[0]!;
}
