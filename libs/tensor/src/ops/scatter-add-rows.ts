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
    const count = numel(indices!.shape)!;
    const flat = emit.value('Reshape', [emit.name(rows!), emit.ints([count, ...shape.slice(1)])]);
    // An index for every element. ScatterND would take one for each row, but its threads add to the same row without a lock and lose sums.
    const column = emit.value('Reshape', [emit.name(indices!), emit.ints([count, ...shape.slice(1).map(() => 1)])]);
    const places = emit.value('Expand', [column, emit.ints([count, ...shape.slice(1)])]);
    const attributes = { axis: { i: 0 }, reduction: { s: 'add' } };
    emit.node('ScatterElements', [zeros, places, flat], [emit.name(node.outputs[0]!)], attributes);
  },
  gradient: ({ inputs: [, indices] }, [g]) => [gather(g!, indices!), null],
};

/** A zero table of `shape` to whose rows at `indices` the given rows are added: the adjoint of `gather`. */
export function scatterAddRows(rows: Value, indices: Value, shape: readonly number[]): Value {
  return apply(ScatterAddRows, [rows, indices], shape)[0]!;
}
