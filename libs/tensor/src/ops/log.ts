import { type Value, apply } from '../ir/graph.js';
import { div } from './div.js';
import { unary } from './elementwise.js';

const Log = unary('log', 'Log', ({ inputs: [x] }, g) => div(g, x!));

/** Natural logarithm. */
export function log(x: Value): Value {
  return apply(Log, [x], null)[0]!;
}
