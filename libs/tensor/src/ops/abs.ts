import { type Value, apply } from '../ir/graph.js';
import { unary } from './elementwise.js';
import { mul } from './mul.js';
import { sign } from './sign.js';

const Abs = unary('abs', 'Abs', ({ inputs: [x] }, g) => mul(g, sign(x!)));

/** |x|; the gradient at 0 is 0. */
export function abs(x: Value): Value {
  return apply(Abs, [x], null)[0]!;
}
