import { type OpDefinition, type Value, floatsOf, mismatch, apply } from '../ir/graph.js';
import { exp } from './exp.js';
import { mul } from './mul.js';
import { reduceSum } from './reduce-sum.js';
import { sub } from './sub.js';

const LogSoftmax: OpDefinition<null> = {
  name: 'logSoftmax',
  infer(inputs) {
    if (inputs[0]!.shape.length === 0) mismatch('needs an axis; a scalar has none');
    return [{ dtype: floatsOf(inputs), shape: inputs[0]!.shape }];
  },
  lower: (emit, node) => emit.one(node, 'LogSoftmax', { axis: { i: -1 } }),
  gradient({ outputs: [y] }, [g]) {
    const last = y!.shape.length - 1;
    return [sub(g!, mul(exp(y!), reduceSum(g!, [last], true)))];
  },
};

/** log(softmax(x)) over the last axis, computed without overflow. */
export function logSoftmax(x: Value): Value {
  return apply(LogSoftmax, [x], null)[0]!;
}
