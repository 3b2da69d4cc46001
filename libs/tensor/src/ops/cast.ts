import type { DType } from '../ir/dtype.js';
import { DTYPES, isFloat } from '../ir/dtype.js';
import { type OpDefinition, type Value, apply } from '../ir/graph.js';

const Cast: OpDefinition<DType> = {
  name: 'cast',
  infer: ([x], to) => [{ dtype: to, shape: x!.shape }],
  lower: (emit, node) => emit.one(node as never, 'Cast', { to: { i: DTYPES[node.attributes].onnx } }),
  gradient({ inputs: [x], attributes: to }, [g]) {
    return [isFloat(x!.dtype) && isFloat(to) ? cast(g!, x!.dtype) : null];
  },
};

/** Converts the element type; the gradient passes between floats only. */
export function cast(x: Value, to: DType): Value {
  return x.dtype === to ? x : apply(Cast, [x], to)[0]!;
}
