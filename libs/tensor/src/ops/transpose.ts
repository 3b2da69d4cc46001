import { type OpDefinition, type Value, mismatch, apply } from '../ir/graph.js';

const Transpose: OpDefinition<readonly number[]> = {
  name: 'transpose',
  infer([x], order) {
    const valid = order.length === x!.shape.length && order.every((_, i) => order.includes(i));
    if (!valid) mismatch(`[${order.join(', ')}] is not an order of ${x!.shape.length} axes`);
    return [{ dtype: x!.dtype, shape: order.map((axis) => x!.shape[axis]!) }];
  },
  lower: (emit, node) => emit.one(node as never, 'Transpose', { perm: { is: node.attributes } }),
  gradient: ({ attributes: order }, [g]) => [
    transpose(
      g!,
      order.map((_, i) => order.indexOf(i)),
    ),
  ],
};

/** Reorders the axes: axis i of the result is axis `order[i]` of x. */
export function transpose(x: Value, order: readonly number[]): Value {
  return apply(Transpose, [x], order)[0]!;
}
