import { type OpDefinition, type Value, mismatch, apply } from '../ir/graph.js';
import { type Dim, type Shape, numel, sameShape, show } from '../ir/shape.js';

/** ONNX's shape operand: a symbol that stands at its old place is 0 ("copy"), one that does not is -1 ("infer"). */
function operand(from: Shape, to: Shape): number[] {
  return to.map((d, i) => (typeof d === 'number' ? d : from[i] === d ? 0 : -1));
}

const Reshape: OpDefinition<Shape> = {
  name: 'reshape',
  infer([x], to) {
    const before = numel(x!.shape);
    const after = numel(to);
    if (before !== null && after !== null && before !== after) mismatch(`${before} elements do not fit ${show(to)}`);
    if (operand(x!.shape, to).filter((d) => d === -1).length > 1) mismatch(`more than one symbol moved in ${show(to)}`);
    return [{ dtype: x!.dtype, shape: to }];
  },
  lower(emit, node) {
    const [x] = node.inputs;
    emit.node('Reshape', [emit.name(x!), emit.ints(operand(x!.shape, node.attributes))], [emit.name(node.outputs[0]!)]);
  },
  gradient: ({ inputs: [x] }, [g]) => [reshape(g!, x!.shape)],
};

/** The same elements in row-major order under another shape. */
export function reshape(x: Value, shape: readonly Dim[]): Value {
  return sameShape(x.shape, shape) ? x : apply(Reshape, [x], shape)[0]!;
}
