import { clamp, lerpPair, slerpPair, type Pair } from '../math/angles.js';
import { combine } from '../math/combine.js';
import { gram } from '../math/gram.js';
import { subtract } from '../math/kernels.js';
import { defineMethod, rowLength } from '../method.js';
import type { Operand } from '../operand.js';
import type { MergeOutput } from '../output.js';
import { flag, number } from '../parameters.js';

/** Below this a norm counts as this. */
const MIN_NORM = 1e-7;
/** 1 − cos² up to here is no angle. */
const COLLINEAR = 1e-16;
/** Weights that cancel this well say nothing about where to go: the middle. */
const MIN_TOTAL = 1e-6;

/**
 * SLERP of two models at t = w₂ / (w₁ + w₂), of their task vectors where there is a base: over the whole tensor, over each
 * row (`nuslerp_flatten: false`), or over each column (with `nuslerp_row_wise` too; the names are mergekit's).
 */
export const nuslerp = defineMethod({
  name: 'nuslerp',
  title: 'NuSLERP',
  reference: 'mergekit',
  base: 'optional',
  inputs: { min: 2, max: 2 },
  shared: {
    nuslerp_flatten: flag('the whole tensor is one vector', true),
    nuslerp_row_wise: flag('without flattening: along the first dimension instead of the last', false),
  },
  perInput: { weight: number('share of this model') },
  merge: ({ shape, base, inputs, shared }, out) => {
    const [w1, w2] = inputs.map(({ parameters }) => parameters.weight) as [number, number];
    const t = Math.abs(w1 + w2) < MIN_TOTAL ? 0.5 : w2 / (w1 + w2);
    const pair = inputs.map(({ tensor }) => tensor);
    if (!shared.nuslerp_flatten && shared.nuslerp_row_wise && shape.length > 1)
      return alongColumns(t, pair, base, out.length / shape[0]!, out);
    const span = shared.nuslerp_flatten ? out.length : rowLength(shape);
    for (let start = 0; start < out.length; start += span) {
      const products = gram(pair, base, start, start + span);
      const coefficients = pairOf(t, products[0]![0]!, products[0]![1]!, products[1]![1]!);
      mix(pair, base, coefficients, out, start, start + span);
    }
  },
});

/** @param aa squared norm of the first vector, `ab` the inner product, `bb` the squared norm of the second */
function pairOf(t: number, aa: number, ab: number, bb: number): Pair {
  const norms = Math.max(Math.sqrt(aa), MIN_NORM) * Math.max(Math.sqrt(bb), MIN_NORM);
  // In float32, as mergekit decides: near 1 its next smaller number is the smallest angle there is.
  const cosine = Math.fround(clamp(ab / norms, -1, 1));
  return 1 - Math.fround(cosine * cosine) <= COLLINEAR ? lerpPair(t) : slerpPair(t, cosine);
}

function mix(
  pair: readonly Operand[],
  base: Operand | null,
  [a, b]: Pair,
  out: MergeOutput,
  start: number,
  end: number,
): void {
  if (base === null) combine(pair, [a, b], out, start, end);
  else combine([...pair, base], [a, b, 1 - a - b], out, start, end);
}

/** Each column, an element of every row, is a vector; the rows are read twice. */
function alongColumns(
  t: number,
  [first, second]: readonly Operand[],
  base: Operand | null,
  columns: number,
  out: MergeOutput,
): void {
  const [x, y, origin] = [0, 0, 0].map(() => new Float32Array(columns)) as [Float32Array, Float32Array, Float32Array];
  const [aa, ab, bb] = [0, 0, 0].map(() => new Float64Array(columns)) as [Float64Array, Float64Array, Float64Array];
  const readRow = (start: number): void => {
    first!.read(start, x);
    second!.read(start, y);
    if (base === null) return;
    base.read(start, origin);
    subtract(x, origin);
    subtract(y, origin);
  };
  for (let start = 0; start < out.length; start += columns) {
    readRow(start);
    for (let j = 0; j < columns; j++) {
      aa[j]! += x[j]! * x[j]!;
      ab[j]! += x[j]! * y[j]!;
      bb[j]! += y[j]! * y[j]!;
    }
  }
  const pairs = Array.from(aa, (_, j) => pairOf(t, aa[j]!, ab[j]!, bb[j]!));
  for (let start = 0; start < out.length; start += columns) {
    readRow(start);
    for (let j = 0; j < columns; j++) x[j] = origin[j]! + pairs[j]![0] * x[j]! + pairs[j]![1] * y[j]!;
    out.write(start, x);
  }
}
