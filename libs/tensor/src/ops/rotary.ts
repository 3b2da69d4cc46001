import { type Node, type OpDefinition, type Value, apply, floatsOf, mismatch } from '../ir/graph.js';
import type { Emitter } from '../ir/emitter.js';
import { type Dim, sameShape, show } from '../ir/shape.js';

/** With `inverse`, rotates by the negative angle: the gradient of a rotation is the rotation back. */
interface RotaryAttributes {
  readonly inverse: boolean;
}

/** Whether two dimensions are known and differ. */
function clash(a: Dim | undefined, b: Dim | undefined): boolean {
  return typeof a === 'number' && typeof b === 'number' && a !== b;
}

const Rotary: OpDefinition<RotaryAttributes> = {
  name: 'rotary',
  infer(inputs) {
    const [x, positions, cos, sin] = inputs;
    if (x!.shape.length !== 4) mismatch(`needs [batch, heads, sequence, head], not ${show(x!.shape)}`);
    if (positions!.dtype !== 'int64') mismatch(`positions are int64, not ${positions!.dtype}`);
    const [batch, , length, head] = x!.shape;
    if (positions!.shape.length !== 2 || clash(positions!.shape[0], batch) || clash(positions!.shape[1], length))
      mismatch(`positions ${show(positions!.shape)} do not fit ${show(x!.shape)}`);
    const half = cos!.shape[1];
    if (typeof half !== 'number' || cos!.shape.length !== 2 || head !== half * 2 || !sameShape(cos!.shape, sin!.shape))
      mismatch(`tables ${show(cos!.shape)} and ${show(sin!.shape)} do not fit head ${String(head)}`);
    return [{ dtype: floatsOf([x!, cos!, sin!]), shape: x!.shape }];
  },
  lower(emit, node) {
    const [x, positions, cos, sin] = node.inputs.map((v) => emit.name(v)) as [string, string, string, string];
    const angle = node.attributes.inverse ? emit.value('Neg', [sin]) : sin;
    if (emit.float === 'float32') {
      emit.node(
        'RotaryEmbedding',
        [x, positions, cos, angle],
        [emit.name(node.outputs[0]!)],
        { interleaved: { i: 0 } },
        'com.microsoft',
      );
    } else {
      lowerPlain(emit, node, x, positions, cos, angle);
    }
  },
  gradient({ inputs: [, positions, cos, sin], attributes: { inverse } }, [g], [, , wantCos, wantSin]) {
    if (wantCos || wantSin) g!.graph.mistake('rotary', 'the tables are constants: there is no gradient for them');
    return [apply(Rotary, [g!, positions!, cos!, sin!], { inverse: !inverse })[0]!, null, null, null];
  },
};

/** The same from plain ops, for float64: onnxruntime's RotaryEmbedding has no kernel for it. */
function lowerPlain(
  emit: Emitter,
  node: Node<RotaryAttributes>,
  x: string,
  positions: string,
  cosTable: string,
  sinTable: string,
): void {
  const half = (node.inputs[0]!.shape[3] as number) / 2;
  const row = (table: string) =>
    emit.value('Unsqueeze', [emit.value('Gather', [table, positions], { axis: { i: 0 } }), emit.ints([1])]);
  const [cos, sin] = [row(cosTable), row(sinTable)];
  const [a, b] = [emit.fresh('a'), emit.fresh('b')];
  emit.node('Split', [x, emit.ints([half, half])], [a, b], { axis: { i: 3 } });
  const first = emit.value('Sub', [emit.value('Mul', [a, cos]), emit.value('Mul', [b, sin])]);
  const second = emit.value('Add', [emit.value('Mul', [b, cos]), emit.value('Mul', [a, sin])]);
  emit.node('Concat', [first, second], [emit.name(node.outputs[0]!)], { axis: { i: 3 } });
}

/**
 * Rotary position embedding in the half-rotation layout of Hugging Face (RoFormer, Su et al. 2021, arXiv:2104.09864, eq. 34):
 * pairs (i, i + head/2) are rotated by the angle of their position.
 * @param x [batch, heads, sequence, head]
 * @param positions int64 [batch, sequence]
 * @param cos table [positions, head / 2]
 * @param sin table [positions, head / 2]
 */
export function rotary(x: Value, positions: Value, cos: Value, sin: Value): Value {
  return apply(Rotary, [x, positions, cos, sin], { inverse: false })[0]!;
}
