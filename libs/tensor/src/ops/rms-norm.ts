import type { Emitter } from '../ir/emitter.js';
import { type Node, type OpDefinition, type Value, apply, floatsOf, mismatch } from '../ir/graph.js';
import { show } from '../ir/shape.js';
import { matmul } from './matmul.js';
import { mul } from './mul.js';
import { reshape } from './reshape.js';
import { sub } from './sub.js';

interface RmsNormAttributes {
  readonly eps: number;
}

const RmsNorm: OpDefinition<RmsNormAttributes> = {
  name: 'rmsNorm',
  infer(inputs) {
    const [x, gain] = inputs;
    if (gain!.shape.length !== 1 || gain!.shape[0] !== x!.shape.at(-1))
      mismatch(`gain ${show(gain!.shape)} does not fit ${show(x!.shape)}`);
    const dtype = floatsOf(inputs);
    return [
      { dtype, shape: x!.shape },
      { dtype, shape: [...x!.shape.slice(0, -1), 1] },
    ];
  },
  lower(emit, node) {
    // The webgpu kernel of the fused op leaves its second output unwritten.
    if (emit.float === 'float64' || emit.provider === 'webgpu') return lowerPlain(emit, node);
    // The ONNX file of onnxruntime calls it SimplifiedLayerNormalization; its second output is 1 / rms.
    emit.one(node as Node, 'SimplifiedLayerNormalization', {
      axis: { i: -1 },
      epsilon: { f: node.attributes.eps },
      stash_type: { i: 1 },
    });
  },
  gradient(node, [g], [wantX, wantGain]) {
    const [x, gain] = node.inputs as [Value, Value];
    const inverse = node.outputs[1]!;
    const width = x.dim(-1);
    const rows = x.shape.slice(0, -1).reduce<number>((n, _, i) => n * x.dim(i), 1);
    // With y = x·r·γ, r = 1/rms: dγ = Σ g·x·r and dx = r·(g·γ) − x·r³·mean(g·γ·x). Both sums are products with
    // a vector of u = g·x, which costs one elementwise pass instead of three.
    const u = mul(g!, x);
    const r = reshape(inverse, [rows, 1]);
    const dGain = wantGain ? reshape(matmul(r, reshape(u, [rows, width]), { transA: true }), gain.shape) : null;
    if (!wantX) return [null, dGain];
    const mean = reshape(
      matmul(reshape(u, [rows, width]), reshape(gain, [width, 1]), { alpha: 1 / width }),
      inverse.shape,
    );
    const cubed = mul(inverse, mul(inverse, inverse));
    return [sub(mul(mul(g!, gain), inverse), mul(x, mul(cubed, mean))), dGain];
  },
};

/** The same from plain ops; for float64 because the fused op keeps eps and 1 / rms in float32. */
function lowerPlain(emit: Emitter, node: Node<RmsNormAttributes>): void {
  const [x, gain] = node.inputs.map((v) => emit.name(v)) as [string, string];
  const [y, inverse] = node.outputs.map((v) => emit.name(v)) as [string, string];
  const constant = (v: number) => emit.constant(emit.float, [], [v]);
  const mean = emit.value('ReduceMean', [emit.value('Mul', [x, x]), emit.ints([-1])], { keepdims: { i: 1 } });
  emit.node('Reciprocal', [emit.value('Sqrt', [emit.value('Add', [mean, constant(node.attributes.eps)])])], [inverse]);
  emit.node('Mul', [emit.value('Mul', [x, inverse]), gain], [y]);
}

/**
 * x / sqrt(mean(x²) + eps) · gain over the last axis (RMSNorm, Zhang & Sennrich 2019, arXiv:1910.07467, eq. 4).
 * @param x [..., width]
 * @param gain [width]
 */
export function rmsNorm(x: Value, gain: Value, eps: number): Value {
  return apply(RmsNorm, [x, gain], { eps })[0]!;
}
