import { type Value, apply } from '../ir/graph.js';
import { binary, sumTo } from './elementwise.js';
import { mul } from './mul.js';
import { neg } from './neg.js';

const Div = binary('div', 'Div', ({ inputs: [a, b], outputs: [y] }, g, [wantA, wantB]) => {
  const ga = div(g, b!);
  return [wantA ? sumTo(ga, a!) : null, wantB ? neg(sumTo(mul(ga, y!), b!)) : null];
});

/** a / b element by element, with broadcasting. */
export function div(a: Value, b: Value): Value {
  return apply(Div, [a, b], null)[0]!;
}
