import { type OpDefinition, type Value, apply, floatsOf } from '../ir/graph.js';

const ArgMax: OpDefinition<null> = {
  name: 'argMax',
  infer(inputs) {
    floatsOf(inputs);
    return [{ dtype: 'int64', shape: inputs[0]!.shape.slice(0, -1) }];
  },
  lower: (emit, node) => emit.one(node, 'ArgMax', { axis: { i: -1 }, keepdims: { i: 0 } }),
};

/** Index of the largest element over the last axis, the first one of equals; integers have no gradient. */
export function argMax(x: Value): Value {
  return apply(ArgMax, [x], null)[0]!;
}
