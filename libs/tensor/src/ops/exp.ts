import { type Value, apply } from '../ir/graph.js';
import { unary } from './elementwise.js';
import { mul } from './mul.js';

const Exp = unary('exp', 'Exp', ({ outputs: [y] }, g) => mul(g, y!));

/** e to the power x */
export function exp(x: Value): Value {
  return apply(Exp, [x], null)[0]!;
}
