import { type OpDefinition, type Value, apply, floatsOf, mismatch } from '../ir/graph.js';
import { sameShape, show } from '../ir/shape.js';

const StopGradient: OpDefinition<null> = {
  name: 'stopGradient',
  infer: ([x]) => [x!],
  lower: (emit, node) => emit.one(node, 'Identity'),
  gradient: () => [null],
};

/** x, as a constant for differentiation. */
export function stopGradient(x: Value): Value {
  return apply(StopGradient, [x], null)[0]!;
}

const StraightThrough: OpDefinition<null> = {
  name: 'straightThrough',
  infer(inputs) {
    const [x, quantised] = inputs;
    if (!sameShape(x!.shape, quantised!.shape)) mismatch(`${show(x!.shape)} and ${show(quantised!.shape)} differ`);
    return [{ dtype: floatsOf(inputs), shape: x!.shape }];
  },
  lower: (emit, node) => emit.node('Identity', [emit.name(node.inputs[1]!)], [emit.name(node.outputs[0]!)]),
  gradient: (_node, [g]) => [g!, null],
};

/** The value of `quantised`, exactly, with the gradient of `x` (straight-through estimator, Bengio et al. 2013, arXiv:1308.3432). */
export function straightThrough(x: Value, quantised: Value): Value {
  return apply(StraightThrough, [x, quantised], null)[0]!;
}
