import { type Value, apply } from '../ir/graph.js';
import { unary } from './elementwise.js';

const Round = unary('round', 'Round', () => null);

/** To the nearest integer, halves to the even one (IEEE 754 roundTiesToEven, as torch.round). Its gradient is zero: see `straightThrough`. */
export function round(x: Value): Value {
  return apply(Round, [x], null)[0]!;
}
