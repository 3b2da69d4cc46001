import {
  type Value,
  abs,
  add,
  cast,
  clip,
  div,
  mul,
  reduceMax,
  reduceMean,
  round,
  straightThrough,
  sub,
} from '@agent-forge/tensor';
import type { TernaryMark } from './mark.js';

/** Smallest scale of a matrix, and smallest amplitude of a token, so that zeros do not divide by zero (as transformers has it). */
export const SMALLEST_SCALE = 1e-5;
/** Codes of an activation: −128 to 127, of which the scale uses 127. */
const INT8 = { low: -128, high: 127 } as const;

/**
 * A ternary weight out of a floating-point one, as graph nodes (BitNet b1.58, arXiv:2402.17764, equations 1 to 3):
 * γ · clip(round(W / γ), −1, 1) with γ = mean |W|. The gradient passes as if nothing had happened.
 * @param weight [out, in]
 */
export function ternaryWeight(weight: Value, mark: TernaryMark): Value {
  const axes = mark.scaleAxis === 'channel' ? [1] : [0, 1];
  const gamma = onGrid(clip(reduceMean(abs(weight), axes, true), SMALLEST_SCALE, Infinity), mark);
  return straightThrough(weight, mul(clip(round(div(weight, gamma)), -1, 1), gamma));
}

function onGrid(gamma: Value, { scaleGrid }: TernaryMark): Value {
  return scaleGrid === 'float16' ? cast(cast(gamma, 'float16'), gamma.dtype) : gamma;
}

/**
 * Activations on the 8-bit grid of their own token (arXiv:2402.17764, equations 4 to 5 as in transformers): the largest
 * value of a row becomes 127. The gradient passes as if nothing had happened.
 * @param x [..., width]
 */
export function int8Activations(x: Value): Value {
  const graph = x.graph;
  const amplitude = clip(reduceMax(abs(x), [x.shape.length - 1], true), SMALLEST_SCALE, Infinity);
  const scale = div(graph.scalar(INT8.high), amplitude);
  return straightThrough(x, div(clip(round(mul(x, scale)), INT8.low, INT8.high), scale));
}

/**
 * Part of the way from x to its quantised value: x at a share of 0 and the quantised value at 1, both exactly. The
 * gradient is that of x all the way, since that is what it becomes.
 * @param share scalar, 0 to 1
 */
export function blend(x: Value, quantised: Value, share: Value): Value {
  return straightThrough(x, add(mul(x, sub(x.graph.scalar(1), share)), mul(quantised, share)));
}
