/** A dimension: a number where it is known when the graph is built, otherwise a symbol such as `batch` or `sequence`. */
export type Dim = number | string;
export type Shape = readonly Dim[];

/** The product of all dimensions, or `null` if one of them is symbolic. */
export function numel(shape: Shape): number | null {
  let n = 1;
  for (const d of shape) {
    if (typeof d === 'string') return null;
    n *= d;
  }
  return n;
}

/** n times a dimension; of a symbol it is a new symbol. */
export function times(n: number, d: Dim): Dim {
  if (n === 1) return d;
  return typeof d === 'number' ? n * d : `${n}*${d}`;
}

export function sameShape(a: Shape, b: Shape): boolean {
  return a.length === b.length && a.every((d, i) => d === b[i]);
}

/** NumPy's broadcasting rule; `null` where the two do not fit. A symbol fits itself and 1. */
export function broadcast(a: Shape, b: Shape): Shape | null {
  const rank = Math.max(a.length, b.length);
  const out: Dim[] = [];
  for (let i = 0; i < rank; i++) {
    const x = a[a.length - rank + i] ?? 1;
    const y = b[b.length - rank + i] ?? 1;
    if (x === y || y === 1) out.push(x);
    else if (x === 1) out.push(y);
    else return null;
  }
  return out;
}

/** The axes over which a gradient of shape `from` is summed to come back to the shape `to` that was broadcast to it. */
export function broadcastAxes(from: Shape, to: Shape): number[] {
  const lead = from.length - to.length;
  const axes: number[] = [];
  for (let i = 0; i < from.length; i++) if (i < lead || (to[i - lead] === 1 && from[i] !== 1)) axes.push(i);
  return axes;
}

export function show(shape: Shape): string {
  return `[${shape.join(', ')}]`;
}
