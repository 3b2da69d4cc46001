import { type OpDefinition, type Value, mismatch, apply } from '../ir/graph.js';
import { type Shape, broadcast, numel, sameShape, show } from '../ir/shape.js';
import { sumTo } from './elementwise.js';

const Expand: OpDefinition<readonly number[]> = {
  name: 'expand',
  infer([x], to) {
    if (numel(to) === null) mismatch(`the shape ${show(to)} is not known`);
    const shape = broadcast(x!.shape, to);
    if (!shape || !sameShape(shape, to)) mismatch(`${show(x!.shape)} does not broadcast to ${show(to)}`);
    return [{ dtype: x!.dtype, shape: to }];
  },
  lower: (emit, node) =>
    emit.node('Expand', [emit.name(node.inputs[0]!), emit.ints(node.attributes)], [emit.name(node.outputs[0]!)]),
  gradient: ({ inputs: [x] }, [g]) => [sumTo(g!, x!)],
};

/** Repeats x along its axes of length 1 (and new leading ones) up to `shape`, all of whose dimensions are known. */
export function expand(x: Value, shape: Shape): Value {
  return sameShape(x.shape, shape) ? x : apply(Expand, [x], shape as readonly number[])[0]!;
}
