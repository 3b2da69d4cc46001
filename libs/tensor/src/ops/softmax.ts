import { type OpDefinition, type Value, floatsOf, mismatch, apply } from '../ir/graph.js';
import { mul } from './mul.js';
import { reduceSum } from './reduce-sum.js';
import { sub } from './sub.js';

const Softmax: OpDefinition<null> = {
  name: 'softmax',
  infer(inputs) {
    if (inputs[0]!.shape.length === 0) mismatch('needs an axis; a scalar has none');
    return [{ dtype: floatsOf(inputs), shape: inputs[0]!.shape }];
  },
  lower: (emit, node) => emit.one(node, 'Softmax', { axis: { i: -1 } }),
  gradient({ outputs: [y] }, [g]) {
    const last = y!.shape.length - 1;
    return [mul(y!, sub(g!, reduceSum(mul(g!, y!), [last], true)))];
  },
};

/** Softmax over the last axis. */
export function softmax(x: Value): Value {
  return apply(Softmax, [x], null)[0]!;
}
