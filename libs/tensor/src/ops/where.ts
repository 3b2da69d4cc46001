import { type OpDefinition, type Value, floatsOf, mismatch, apply } from '../ir/graph.js';
import { broadcast, show } from '../ir/shape.js';
import { sumTo } from './elementwise.js';

const Where: OpDefinition<null> = {
  name: 'where',
  infer([condition, a, b]) {
    if (condition!.dtype !== 'bool') mismatch(`the condition is ${condition!.dtype}, not bool`);
    const dtype = floatsOf([a!, b!]);
    const inner = broadcast(a!.shape, b!.shape);
    const shape = inner && broadcast(condition!.shape, inner);
    if (!shape) mismatch(`${show(condition!.shape)}, ${show(a!.shape)} and ${show(b!.shape)} do not broadcast`);
    return [{ dtype, shape: shape! }];
  },
  lower: (emit, node) => emit.one(node, 'Where'),
  gradient({ inputs: [condition, a, b] }, [g], [, wantA, wantB]) {
    const zero = g!.graph.scalar(0);
    return [
      null,
      wantA ? sumTo(where(condition!, g!, zero), a!) : null,
      wantB ? sumTo(where(condition!, zero, g!), b!) : null,
    ];
  },
};

/** a where the condition holds, b elsewhere, with broadcasting. */
export function where(condition: Value, a: Value, b: Value): Value {
  return apply(Where, [condition, a, b], null)[0]!;
}
