import { type Value, apply } from '../ir/graph.js';
import { binary, sumTo } from './elementwise.js';

const Mul = binary('mul', 'Mul', ({ inputs: [a, b] }, g, [wantA, wantB]) => [
  wantA ? sumTo(mul(g, b!), a!) : null,
  wantB ? sumTo(mul(g, a!), b!) : null,
]);

/** a * b element by element, with broadcasting. */
export function mul(a: Value, b: Value): Value {
  return apply(Mul, [a, b], null)[0]!;
}
