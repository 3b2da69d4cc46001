import { type OpDefinition, type Value, apply, floatsOf, mismatch } from '../ir/graph.js';
import { sameShape } from '../ir/shape.js';
import { add } from './add.js';
import { mul } from './mul.js';
import { sub } from './sub.js';

const SwiGlu: OpDefinition<null> = {
  name: 'swiglu',
  infer(inputs) {
    const [gate, up] = inputs;
    if (!sameShape(gate!.shape, up!.shape)) mismatch('gate and up differ in shape');
    const type = { dtype: floatsOf(inputs), shape: gate!.shape };
    return [type, type, type];
  },
  lower(emit, node) {
    const [gate, up] = node.inputs.map((v) => emit.name(v)) as [string, string];
    const [y, sigma, silu] = node.outputs.map((v) => emit.name(v)) as [string, string, string];
    emit.node('Sigmoid', [gate], [sigma]);
    emit.node('Mul', [gate, sigma], [silu]);
    emit.node('Mul', [silu, up], [y]);
  },
  gradient({ inputs: [gate, up], outputs: [, sigma, silu] }, [g]) {
    // silu'(x) = σ·(1 + x − silu(x))
    const slope = mul(sigma!, add(sub(gate!, silu!), g!.graph.scalar(1)));
    return [mul(mul(g!, up!), slope), mul(g!, silu!)];
  },
};

/** silu(gate) · up, the gated activation of Llama's MLP (SwiGLU, Shazeer 2020, arXiv:2002.05202). */
export function swiglu(gate: Value, up: Value): Value {
  return apply(SwiGlu, [gate, up], null)[0]!;
}
