import { ForgeError } from '@agent-forge/contracts';
import { type OpDefinition, type Value, mismatch, apply } from '../ir/graph.js';
import type { Dim } from '../ir/shape.js';
import { split } from './split.js';

/** Sum of two dimensions; a symbol plus something is a new symbol. */
function plus(a: Dim, b: Dim): Dim {
  return typeof a === 'number' && typeof b === 'number' ? a + b : `${a}+${b}`;
}

const Concat: OpDefinition<number> = {
  name: 'concat',
  infer(inputs, axis) {
    const first = inputs[0]!;
    if (axis < 0 || axis >= first.shape.length) mismatch(`axis ${axis} is outside rank ${first.shape.length}`);
    for (const t of inputs) {
      const fits =
        t.dtype === first.dtype &&
        t.shape.length === first.shape.length &&
        t.shape.every((d, i) => i === axis || d === first.shape[i]);
      if (!fits) mismatch(`inputs differ outside axis ${axis}`);
    }
    const length = inputs.slice(1).reduce((sum, t) => plus(sum, t.shape[axis]!), first.shape[axis]!);
    return [{ dtype: first.dtype, shape: first.shape.map((d, i) => (i === axis ? length : d)) }];
  },
  lower: (emit, node) => emit.one(node as never, 'Concat', { axis: { i: node.attributes } }),
  gradient: ({ inputs, attributes: axis }, [g]) =>
    split(
      g!,
      axis,
      inputs.map((v) => v.dim(axis)),
    ),
};

/** Joins tensors along `axis`; every other dimension is equal. */
export function concat(values: readonly Value[], axis: number): Value {
  if (values.length === 0) throw new ForgeError('GRAPH_INVALID', 'concat: needs at least one value');
  return values.length === 1 ? values[0]! : apply(Concat, values, axis)[0]!;
}
