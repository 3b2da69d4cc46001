import { type Value, apply } from '../ir/graph.js';
import { div } from './div.js';
import { unary } from './elementwise.js';
import { mul } from './mul.js';

const Sqrt = unary('sqrt', 'Sqrt', ({ outputs: [y] }, g) => div(mul(g, g.graph.scalar(0.5)), y!));

/** Square root; the gradient at 0 is infinite. */
export function sqrt(x: Value): Value {
  return apply(Sqrt, [x], null)[0]!;
}
