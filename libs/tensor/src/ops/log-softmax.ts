import type { Emitter } from '../ir/emitter.js';
import { type Node, type OpDefinition, type Value, floatsOf, mismatch, apply } from '../ir/graph.js';
import { exp } from './exp.js';
import { mul } from './mul.js';
import { reduceSum } from './reduce-sum.js';
import { sub } from './sub.js';

const LogSoftmax: OpDefinition<null> = {
  name: 'logSoftmax',
  infer(inputs) {
    if (inputs[0]!.shape.length === 0) mismatch('needs an axis; a scalar has none');
    return [{ dtype: floatsOf(inputs), shape: inputs[0]!.shape }];
  },
  lower(emit, node) {
    if (emit.provider === 'webgpu') return lowerPlain(emit, node);
    emit.one(node, 'LogSoftmax', { axis: { i: -1 } });
  },
  gradient({ outputs: [y] }, [g]) {
    const last = y!.shape.length - 1;
    return [sub(g!, mul(exp(y!), reduceSum(g!, [last], true)))];
  },
};

/** The same from plain ops, for webgpu, which has no kernel for it. */
function lowerPlain(emit: Emitter, node: Node<null>): void {
  const reduce = (type: string, x: string) => emit.value(type, [x, emit.ints([-1])], { keepdims: { i: 1 } });
  const x = emit.name(node.inputs[0]!);
  const centred = emit.value('Sub', [x, reduce('ReduceMax', x)]);
  const total = emit.value('Log', [reduce('ReduceSum', emit.value('Exp', [centred]))]);
  emit.node('Sub', [centred, total], [emit.name(node.outputs[0]!)]);
}

/** log(softmax(x)) over the last axis, computed without overflow. */
export function logSoftmax(x: Value): Value {
  return apply(LogSoftmax, [x], null)[0]!;
}
