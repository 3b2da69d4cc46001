import { type Value, apply } from '../ir/graph.js';
import { unary } from './elementwise.js';
import { mul } from './mul.js';
import { sign } from './sign.js';

const Relu = unary('relu', 'Relu', ({ outputs: [y] }, g) => mul(g, sign(y!)));

/** max(x, 0); the gradient at 0 is 0. */
export function relu(x: Value): Value {
  return apply(Relu, [x], null)[0]!;
}
