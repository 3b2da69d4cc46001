import { type Node, type OpDefinition, type Value, floatsOf, mismatch, apply } from '../ir/graph.js';
import { equal } from './equal.js';
import { where } from './where.js';

interface ClipAttributes {
  readonly low: number;
  readonly high: number;
}

const Clip: OpDefinition<ClipAttributes> = {
  name: 'clip',
  infer(inputs, { low, high }) {
    if (!(low <= high)) mismatch(`needs low <= high, not ${low} and ${high}`);
    return [{ dtype: floatsOf(inputs), shape: inputs[0]!.shape }];
  },
  lower(emit, node) {
    const { low, high } = node.attributes;
    const bounds = [low, high].map((b) => emit.constant(emit.float, [], [b]));
    emit.node('Clip', [emit.name(node.inputs[0]!), ...bounds], [emit.name(node.outputs[0]!)]);
  },
  gradient({ inputs: [x], outputs: [y] }: Node<ClipAttributes>, [g]) {
    return [where(equal(x!, y!), g!, g!.graph.scalar(0))];
  },
};

/** min(max(x, low), high); the gradient passes where x is inside, bounds included. */
export function clip(x: Value, low: number, high: number): Value {
  return apply(Clip, [x], { low, high })[0]!;
}
