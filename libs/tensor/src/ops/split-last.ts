import { type OpDefinition, type Value, apply, mismatch } from '../ir/graph.js';
import { type Dim, show } from '../ir/shape.js';

const SplitLast: OpDefinition<readonly Dim[]> = {
  name: 'splitLast',
  infer([x, lengths], dims) {
    if (x!.shape.length === 0) mismatch('needs an axis; a scalar has none');
    if (lengths!.dtype !== 'int64' || lengths!.shape.length !== 1 || lengths!.shape[0] !== dims.length)
      mismatch(`lengths are int64 [${dims.length}], not ${lengths!.dtype}${show(lengths!.shape)}`);
    return dims.map((d) => ({ dtype: x!.dtype, shape: [...x!.shape.slice(0, -1), d] }));
  },
  lower: (emit, node) => emit.one(node as never, 'Split', { axis: { i: -1 } }),
};

/**
 * Cuts the last axis into parts whose lengths are known only when the graph runs; for inference, without a gradient.
 * @param lengths int64, one for each part; they add up to the whole
 * @param dims the symbols of these lengths
 */
export function splitLast(x: Value, lengths: Value, dims: readonly Dim[]): Value[] {
  return apply(SplitLast, [x, lengths], dims);
}
