import { type OpDefinition, type Value, mismatch, apply } from '../ir/graph.js';
import { broadcast, show } from '../ir/shape.js';

const Equal: OpDefinition<null> = {
  name: 'equal',
  infer([a, b]) {
    if (a!.dtype !== b!.dtype) mismatch(`compares ${a!.dtype} with ${b!.dtype}`);
    const shape = broadcast(a!.shape, b!.shape);
    if (!shape) mismatch(`${show(a!.shape)} and ${show(b!.shape)} do not broadcast`);
    return [{ dtype: 'bool', shape: shape! }];
  },
  lower: (emit, node) => emit.one(node, 'Equal'),
};

/** Whether a == b, element by element, with broadcasting. */
export function equal(a: Value, b: Value): Value {
  return apply(Equal, [a, b], null)[0]!;
}
