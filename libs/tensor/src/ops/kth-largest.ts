import { type OpDefinition, type Value, apply, floatsOf, mismatch } from '../ir/graph.js';

interface KthLargestAttributes {
  readonly k: number;
}

const KthLargest: OpDefinition<KthLargestAttributes> = {
  name: 'kthLargest',
  infer(inputs, { k }) {
    const dtype = floatsOf(inputs);
    const { shape } = inputs[0]!;
    const width = shape.at(-1);
    if (!Number.isInteger(k) || k < 1 || (typeof width === 'number' && k > width))
      mismatch(`k is ${k}, of a last axis of ${width}`);
    return [{ dtype, shape: [...shape.slice(0, -1), 1] }];
  },
  lower(emit, node) {
    const largest = emit.fresh('largest');
    emit.node('TopK', [emit.name(node.inputs[0]!), emit.ints([node.attributes.k])], [largest, emit.fresh('places')]);
    emit.node('ReduceMin', [largest, emit.ints([-1])], [emit.name(node.outputs[0]!)], { keepdims: { i: 1 } });
  },
};

/** The k-th largest element over the last axis, which stays with one element: a threshold that k elements reach, or more where some are equal. No gradient. */
export function kthLargest(x: Value, k: number): Value {
  return apply(KthLargest, [x], { k })[0]!;
}
