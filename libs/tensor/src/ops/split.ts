import { type OpDefinition, type Value, mismatch, apply } from '../ir/graph.js';
import { concat } from './concat.js';

interface SplitAttributes {
  readonly axis: number;
  readonly lengths: readonly number[];
}

const Split: OpDefinition<SplitAttributes> = {
  name: 'split',
  infer([x], { axis, lengths }) {
    if (axis < 0 || axis >= x!.shape.length) mismatch(`axis ${axis} is outside rank ${x!.shape.length}`);
    for (const n of lengths) if (!Number.isInteger(n) || n < 0) mismatch(`length ${n} is no whole number from 0`);
    const total = lengths.reduce((a, b) => a + b, 0);
    if (x!.shape[axis] !== total) mismatch(`lengths add up to ${total} along axis ${axis}`);
    return lengths.map((n) => ({ dtype: x!.dtype, shape: x!.shape.map((d, i) => (i === axis ? n : d)) }));
  },
  lower(emit, node) {
    const { axis, lengths } = node.attributes;
    emit.node(
      'Split',
      [emit.name(node.inputs[0]!), emit.ints(lengths)],
      node.outputs.map((v) => emit.name(v)),
      { axis: { i: axis } },
    );
  },
  gradient({ outputs, attributes: { axis } }, gs) {
    const graph = gs.find((g) => g !== null)!.graph;
    const parts = gs.map(
      (g, i) =>
        g ??
        graph.constant(
          outputs[i]!.dtype,
          outputs[i]!.shape as number[],
          new Float32Array(outputs[i]!.shape.reduce<number>((n, d) => n * (d as number), 1)),
        ),
    );
    return [concat(parts, axis)];
  },
};

/** Cuts x along `axis` into parts of the given lengths, which add up to the whole. */
export function split(x: Value, axis: number, lengths: readonly number[]): Value[] {
  return lengths.length === 1 && x.shape[axis] === lengths[0] ? [x] : apply(Split, [x], { axis, lengths });
}
