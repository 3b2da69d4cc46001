import { keyAtRank, orderedKeys, valueOfOrderedKey } from '../math/select.js';
import { softmax32 } from '../math/softmax.js';
import { defineMethod, rowLength } from '../method.js';
import type { Operand } from '../operand.js';

/** Added to probabilities, so that their quotient is finite. */
const PROBABILITY_FLOOR = 1e-8;
/** Elements this many interquartile ranges above the median are important (Tukey's fence). */
const FENCE = 1.5;

/**
 * Takes the other model's value where the change is important: the difference times the divergence of the row's softmax,
 * above a fence drawn by exact quantiles over the tensor.
 */
export const arceeFusion = defineMethod({
  name: 'arcee_fusion',
  title: 'Arcee Fusion',
  reference: 'Arcee AI, mergekit, 2025',
  base: 'required',
  inputs: { min: 1, max: 1 },
  shared: {},
  perInput: {},
  merge: ({ shape, base, inputs: [other] }, out) => {
    const columns = rowLength(shape);
    const rows = new Rows(base!, other!.tensor, columns);
    const { length, room } = out;
    for (let start = 0; start < length; start += columns) rows.importance(start, room);
    const keys = orderedKeys(room);
    const threshold = fence(keys);
    for (let start = 0; start < length; start += columns)
      out.write(start, rows.fused(start, threshold, keys.subarray(start, start + columns)));
  },
});

/** median + 1.5 · (third quartile − first quartile); a quantile is the element below it. */
function fence(keys: Uint32Array): number {
  const [q1, median, q3] = [0.25, 0.5, 0.75].map((q) =>
    valueOfOrderedKey(keyAtRank(keys, Math.floor(q * (keys.length - 1)))),
  ) as [number, number, number];
  return Math.fround(median + Math.fround(FENCE * Math.fround(q3 - q1)));
}

/** Both models, a row at a time. */
class Rows {
  private readonly a: Float32Array;
  private readonly b: Float32Array;
  private readonly p: Float32Array;
  private readonly q: Float32Array;

  constructor(
    private readonly base: Operand,
    private readonly other: Operand,
    columns: number,
  ) {
    [this.a, this.b, this.p, this.q] = [0, 0, 0, 0].map(() => new Float32Array(columns)) as [
      Float32Array,
      Float32Array,
      Float32Array,
      Float32Array,
    ];
  }

  private read(start: number): void {
    this.base.read(start, this.a);
    this.other.read(start, this.b);
  }

  /** Writes |difference| · divergence of one row. */
  importance(start: number, out: Float32Array): void {
    this.read(start);
    const { a, b, p, q } = this;
    probabilities(b, p);
    probabilities(a, q);
    const divergence = Math.fround(relativeEntropy(p, q));
    for (let i = 0; i < a.length; i++) out[start + i] = Math.abs(Math.fround(b[i]! - a[i]!)) * divergence;
  }

  /** One row of the result. @param keys of its importance, as {@link orderedKeys} made them */
  fused(start: number, threshold: number, keys: Uint32Array): Float32Array {
    this.read(start);
    const { a, b, p: result } = this;
    for (let i = 0; i < a.length; i++) {
      const important = valueOfOrderedKey(keys[i]!) >= threshold ? 1 : 0;
      result[i] = a[i]! + Math.fround(b[i]! - a[i]!) * important;
    }
    return result;
  }
}

function probabilities(x: Float32Array, result: Float32Array): void {
  softmax32(x, result);
  for (let i = 0; i < result.length; i++) result[i]! += PROBABILITY_FLOOR;
}

function relativeEntropy(p: Float32Array, q: Float32Array): number {
  let sum = 0;
  for (let i = 0; i < p.length; i++) sum += p[i]! * Math.log(Math.fround(p[i]! / q[i]!));
  return sum;
}
