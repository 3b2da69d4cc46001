import { type OpDefinition, type Value, floatsOf, integersOf, mismatch, apply } from '../ir/graph.js';
import { sameShape, show } from '../ir/shape.js';

const Pick: OpDefinition<null> = {
  name: 'pick',
  infer([x, indices]) {
    integersOf(indices!);
    if (!sameShape(x!.shape.slice(0, -1), indices!.shape))
      mismatch(`indices ${show(indices!.shape)} do not fit ${show(x!.shape)}`);
    return [{ dtype: floatsOf([x!]), shape: indices!.shape }];
  },
  lower(emit, node) {
    const [x, indices] = node.inputs;
    const column = emit.value('Unsqueeze', [emit.name(indices!), emit.ints([-1])]);
    const picked = emit.value('GatherElements', [emit.name(x!), column], { axis: { i: -1 } });
    emit.node('Squeeze', [picked, emit.ints([-1])], [emit.name(node.outputs[0]!)]);
  },
  gradient({ inputs: [x, indices] }, [g]) {
    return [spread(g!, indices!, x!.shape.at(-1) as number), null];
  },
};

const Spread: OpDefinition<number> = {
  name: 'spread',
  infer: ([x, indices], n) => {
    integersOf(indices!);
    if (!sameShape(x!.shape, indices!.shape)) mismatch(`indices ${show(indices!.shape)} do not fit ${show(x!.shape)}`);
    return [{ dtype: floatsOf([x!]), shape: [...x!.shape, n] }];
  },
  lower(emit, node) {
    const [x, indices] = node.inputs;
    const shape = node.outputs[0]!.shape as number[];
    const zeros = emit.value('Expand', [emit.constant(x!.dtype, [], [0]), emit.ints(shape)]);
    const [updates, columns] = [x!, indices!].map((v) => emit.value('Unsqueeze', [emit.name(v), emit.ints([-1])]));
    emit.node('ScatterElements', [zeros, columns!, updates!], [emit.name(node.outputs[0]!)], { axis: { i: -1 } });
  },
  gradient: ({ inputs: [, indices] }, [g]) => [pick(g!, indices!), null],
};

/** x[..., n] at one index per row: result[...] = x[..., indices[...]]. */
export function pick(x: Value, indices: Value): Value {
  return apply(Pick, [x, indices], null)[0]!;
}

/** Zeros [..., n] with x at one index per row: the adjoint of `pick`. */
export function spread(x: Value, indices: Value, n: number): Value {
  return apply(Spread, [x, indices], n)[0]!;
}
