import { type Value, apply } from '../ir/graph.js';
import { binary, sumTo } from './elementwise.js';
import { neg } from './neg.js';

const Sub = binary('sub', 'Sub', ({ inputs: [a, b] }, g, [wantA, wantB]) => [
  wantA ? sumTo(g, a!) : null,
  wantB ? neg(sumTo(g, b!)) : null,
]);

/** a - b, with broadcasting. */
export function sub(a: Value, b: Value): Value {
  return apply(Sub, [a, b], null)[0]!;
}
