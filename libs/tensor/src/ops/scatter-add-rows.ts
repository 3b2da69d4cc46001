import { type OpDefinition, type Value, integersOf, mismatch, apply } from '../ir/graph.js';
import { numel, sameShape, show } from '../ir/shape.js';
import { gather } from './gather.js';

const ScatterAddRows: OpDefinition<readonly number[]> = {
  name: 'scatterAddRows',
  infer([rows, indices], shape) {
    integersOf(indices!);
    if (!sameShape(rows!.shape, [...indices!.shape, ...shape.slice(1)]))
      mismatch(`rows ${show(rows!.shape)} do not fit a table ${show(shape)}`);
    return [{ dtype: rows!.dtype, shape }];
  },
  lower(emit, node) {
    const [rows, indices] = node.inputs;
    const shape = node.attributes;
    const zeros = emit.value('Expand', [emit.constant(rows!.dtype, [], [0]), emit.ints(shape)]);
    // ScatterND takes index tuples of int64: [..., 1].
    const wide =
      indices!.dtype === 'int64' ? emit.name(indices!) : emit.value('Cast', [emit.name(indices!)], { to: { i: 7 } });
    const tuples = emit.value('Reshape', [wide, emit.ints([numel(indices!.shape)!, 1])]);
    const flat = emit.value('Reshape', [emit.name(rows!), emit.ints([numel(indices!.shape)!, ...shape.slice(1)])]);
    emit.node('ScatterND', [zeros, tuples, flat], [emit.name(node.outputs[0]!)], { reduction: { s: 'add' } });
  },
  gradient: ({ inputs: [, indices] }, [g]) => [gather(g!, indices!), null],
};

/** A zero table of `shape` to whose rows at `indices` the given rows are added: the adjoint of `gather`. */
export function scatterAddRows(rows: Value, indices: Value, shape: readonly number[]): Value {
  return apply(ScatterAddRows, [rows, indices], shape)[0]!;
}
