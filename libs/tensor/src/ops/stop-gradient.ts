import { type OpDefinition, type Value, apply } from '../ir/graph.js';
import { add } from './add.js';
import { sub } from './sub.js';

const StopGradient: OpDefinition<null> = {
  name: 'stopGradient',
  infer: ([x]) => [x!],
  lower: (emit, node) => emit.one(node, 'Identity'),
  gradient: () => [null],
};

/** x, as a constant for differentiation. */
export function stopGradient(x: Value): Value {
  return apply(StopGradient, [x], null)[0]!;
}

/** The value of `quantised` with the gradient of `x` (straight-through estimator, Bengio et al. 2013, arXiv:1308.3432). */
export function straightThrough(x: Value, quantised: Value): Value {
  return add(x, stopGradient(sub(quantised, x)));
}
