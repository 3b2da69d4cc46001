import { type Value, apply } from '../ir/graph.js';
import { unary } from './elementwise.js';

const Sign = unary('sign', 'Sign', () => null);

/** -1, 0 or 1; its gradient is zero everywhere it exists. */
export function sign(x: Value): Value {
  return apply(Sign, [x], null)[0]!;
}
