import { type Value, apply } from '../ir/graph.js';
import { unary } from './elementwise.js';

const Neg = unary('neg', 'Neg', (_, g) => neg(g));

/** -x */
export function neg(x: Value): Value {
  return apply(Neg, [x], null)[0]!;
}
