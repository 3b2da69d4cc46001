import { type Value, apply } from '../ir/graph.js';
import { unary } from './elementwise.js';
import { mul } from './mul.js';
import { sub } from './sub.js';

const Sigmoid = unary('sigmoid', 'Sigmoid', ({ outputs: [y] }, g) => mul(g, mul(y!, sub(g.graph.scalar(1), y!))));

/** 1 / (1 + e^-x) */
export function sigmoid(x: Value): Value {
  return apply(Sigmoid, [x], null)[0]!;
}
