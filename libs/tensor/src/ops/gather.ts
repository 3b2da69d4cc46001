import { type OpDefinition, type Value, integersOf, mismatch, apply } from '../ir/graph.js';
import { show } from '../ir/shape.js';
import { scatterAddRows } from './scatter-add-rows.js';

const Gather: OpDefinition<null> = {
  name: 'gather',
  infer([table, indices]) {
    if (table!.shape.length < 1) mismatch(`a table has rows; ${show(table!.shape)} has none`);
    integersOf(indices!);
    return [{ dtype: table!.dtype, shape: [...indices!.shape, ...table!.shape.slice(1)] }];
  },
  lower: (emit, node) => emit.one(node, 'Gather', { axis: { i: 0 } }),
  gradient: ({ inputs: [table, indices] }, [g], [wantTable]) => [
    wantTable ? scatterAddRows(g!, indices!, table!.shape as number[]) : null,
    null,
  ],
};

/** Rows of `table` [n, ...] at integer `indices`: the embedding look-up. */
export function gather(table: Value, indices: Value): Value {
  return apply(Gather, [table, indices], null)[0]!;
}
