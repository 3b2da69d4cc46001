import { type Value, apply } from '../ir/graph.js';
import { unary } from './elementwise.js';
import { mul } from './mul.js';
import { sub } from './sub.js';

const Tanh = unary('tanh', 'Tanh', ({ outputs: [y] }, g) => mul(g, sub(g.graph.scalar(1), mul(y!, y!))));

/** Hyperbolic tangent. */
export function tanh(x: Value): Value {
  return apply(Tanh, [x], null)[0]!;
}
