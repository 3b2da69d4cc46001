import { type Value, apply } from '../ir/graph.js';
import { binary, sumTo } from './elementwise.js';

const Add = binary('add', 'Add', ({ inputs: [a, b] }, g, [wantA, wantB]) => [
  wantA ? sumTo(g, a!) : null,
  wantB ? sumTo(g, b!) : null,
]);

/** a + b, with broadcasting. */
export function add(a: Value, b: Value): Value {
  return apply(Add, [a, b], null)[0]!;
}
