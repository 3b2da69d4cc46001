import { type Operand, count } from './operand.js';

/** All indices of a shape, in C order. */
export function indices(shape: readonly number[]): number[][] {
  return shape.reduceRight<number[][]>(
    (tails, d) => Array.from({ length: d }, (_, i) => tails.map((tail) => [i, ...tail])).flat(),
    [[]],
  );
}

/** The element at an index, which may be longer than x's rank or run over an axis of length 1: NumPy's broadcasting. */
export function at(x: Operand, index: readonly number[]): number {
  const own = index.slice(index.length - x.shape.length);
  return x.values[own.reduce((offset, i, axis) => offset * x.shape[axis]! + (x.shape[axis] === 1 ? 0 : i), 0)]!;
}

/** The tensor whose element at every index is `f(index)`. */
export function tabulate(shape: readonly number[], f: (index: number[]) => number): Operand {
  return { shape, values: indices(shape).map(f) };
}

export function map(x: Operand, f: (v: number) => number): Operand {
  return { shape: x.shape, values: x.values.map(f) };
}

/** f of every pair of elements, with broadcasting. */
export function zip(a: Operand, b: Operand, f: (x: number, y: number) => number): Operand {
  const rank = Math.max(a.shape.length, b.shape.length);
  const padded = [a, b].map((x) => [...Array.from({ length: rank - x.shape.length }, () => 1), ...x.shape]);
  const shape = padded[0]!.map((d, i) => Math.max(d, padded[1]![i]!));
  return tabulate(shape, (index) => f(at(a, index), at(b, index)));
}

/** f of every group of elements that differ along `axes` only. */
export function reduce(
  x: Operand,
  axes: readonly number[],
  keepDims: boolean,
  f: (group: number[]) => number,
): Operand {
  const kept = x.shape.map((d, i) => (axes.includes(i) ? 1 : d));
  const inner = x.shape.map((d, i) => (axes.includes(i) ? d : 1));
  const reduced = tabulate(kept, (index) =>
    f(
      indices(inner).map((offset) =>
        at(
          x,
          index.map((i, axis) => i + offset[axis]!),
        ),
      ),
    ),
  );
  return { shape: keepDims ? kept : x.shape.filter((_, i) => !axes.includes(i)), values: reduced.values };
}

/** f of every row along the last axis, which gives a row of the same length. */
export function rows(x: Operand, f: (row: number[]) => number[]): Operand {
  const width = x.shape.at(-1)!;
  const starts = Array.from({ length: count(x.shape) / width }, (_, i) => i * width);
  return { shape: x.shape, values: starts.flatMap((s) => f(x.values.slice(s, s + width))) };
}

/** a · b over the last two axes, leading axes broadcast. */
export function product(a: Operand, b: Operand): Operand {
  const [m, k] = a.shape.slice(-2) as [number, number];
  const n = b.shape.at(-1)!;
  const lead = zip(
    tabulate(a.shape.slice(0, -2), () => 0),
    tabulate(b.shape.slice(0, -2), () => 0),
    () => 0,
  ).shape;
  return tabulate([...lead, m, n], (index) => {
    const [batch, row, column] = [index.slice(0, -2), index.at(-2)!, index.at(-1)!];
    const pairs = Array.from({ length: k }, (_, i) => at(a, [...batch, row, i]) * at(b, [...batch, i, column]));
    return pairs.reduce((x, y) => x + y, 0);
  });
}

/** The same elements with axis i taken from axis `order[i]`. */
export function permute(x: Operand, order: readonly number[]): Operand {
  return tabulate(
    order.map((axis) => x.shape[axis]!),
    (index) =>
      at(
        x,
        x.shape.map((_, axis) => index[order.indexOf(axis)]!),
      ),
  );
}

export function sum(values: readonly number[]): number {
  return values.reduce((a, b) => a + b, 0);
}
