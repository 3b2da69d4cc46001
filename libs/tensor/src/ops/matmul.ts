import type { Emitter } from '../ir/emitter.js';
import { type Node, type OpDefinition, type Value, floatsOf, mismatch, apply } from '../ir/graph.js';
import { type Dim, broadcast, show } from '../ir/shape.js';
import { sumTo } from './elementwise.js';

/** Options of {@link matmul}: operands taken transposed in their last two axes, and a factor on the product. */
export interface MatMulOptions {
  readonly transA?: boolean;
  readonly transB?: boolean;
  readonly alpha?: number;
}

function swapLast(name: string, rank: number, emit: Emitter): string {
  const perm = Array.from({ length: rank }, (_, i) => (i === rank - 1 ? rank - 2 : i === rank - 2 ? rank - 1 : i));
  return emit.value('Transpose', [name], { perm: { is: perm } });
}

/** The same from plain ops: FusedMatMul has no kernel for float64 and none on webgpu, where Gemm does it for matrices. */
function lowerPlain(emit: Emitter, node: Node<MatMulOptions>): void {
  const { transA = false, transB = false, alpha = 1 } = node.attributes;
  const [a, b] = node.inputs as [Value, Value];
  const out = emit.name(node.outputs[0]!);
  // Gemm keeps alpha in float32.
  if (emit.float === 'float32' && a.shape.length === 2 && b.shape.length === 2) {
    const attributes = { transA: { i: Number(transA) }, transB: { i: Number(transB) }, alpha: { f: alpha } };
    return emit.node('Gemm', [emit.name(a), emit.name(b)], [out], attributes);
  }
  const left = transA ? swapLast(emit.name(a), a.shape.length, emit) : emit.name(a);
  const right = transB ? swapLast(emit.name(b), b.shape.length, emit) : emit.name(b);
  if (alpha === 1) return emit.node('MatMul', [left, right], [out]);
  emit.node('Mul', [emit.value('MatMul', [left, right]), emit.constant(emit.float, [], [alpha])], [out]);
}

const MatMul: OpDefinition<MatMulOptions> = {
  name: 'matmul',
  infer([a, b], { transA, transB }) {
    const dtype = floatsOf([a!, b!]);
    if (a!.shape.length < 2 || b!.shape.length < 2) mismatch('needs matrices');
    const [m, k] = ends(a!.shape, transA);
    const [k2, n] = ends(b!.shape, transB);
    const batch = broadcast(a!.shape.slice(0, -2), b!.shape.slice(0, -2));
    if (k !== k2 || !batch)
      mismatch(`${show(a!.shape)}${transA ? ' transposed' : ''} times ${show(b!.shape)}${transB ? ' transposed' : ''}`);
    return [{ dtype, shape: [...batch!, m, n] }];
  },
  lower(emit, node) {
    const { transA = false, transB = false, alpha = 1 } = node.attributes;
    const [a, b] = node.inputs;
    const out = emit.name(node.outputs[0]!);
    if (!transA && !transB && alpha === 1) return emit.node('MatMul', [emit.name(a!), emit.name(b!)], [out]);
    if (emit.float === 'float32' && emit.provider !== 'webgpu') {
      const attributes = { transA: { i: Number(transA) }, transB: { i: Number(transB) }, alpha: { f: alpha } };
      return emit.node('FusedMatMul', [emit.name(a!), emit.name(b!)], [out], attributes, 'com.microsoft');
    }
    lowerPlain(emit, node);
  },
  gradient(node: Node<MatMulOptions>, [g], [wantA, wantB]) {
    const { transA = false, transB = false, alpha = 1 } = node.attributes;
    const [a, b] = node.inputs as [Value, Value];
    const ga = () =>
      transA ? matmul(b, g!, { transA: transB, transB: true, alpha }) : matmul(g!, b, { transB: !transB, alpha });
    const gb = () =>
      transB ? matmul(g!, a, { transA: true, transB: transA, alpha }) : matmul(a, g!, { transA: !transA, alpha });
    return [wantA ? sumTo(ga(), a) : null, wantB ? sumTo(flatGradient(node, g!) ?? gb(), b) : null];
  },
};

/**
 * x[..., k] times a plain matrix: the gradient of the matrix is one product over all rows together
 * instead of a batch of products that are then summed.
 */
function flatGradient(node: Node<MatMulOptions>, g: Value): Value | null {
  const { transA, transB, alpha = 1 } = node.attributes;
  const [a, b] = node.inputs as [Value, Value];
  if (transA || a.shape.length === 2 || b.shape.length !== 2) return null;
  const [a2, g2] = [a, g].map((v) => reshape(v, [rows(v), v.shape.at(-1)!])) as [Value, Value];
  return transB ? matmul(g2, a2, { transA: true, alpha }) : matmul(a2, g2, { transA: true, alpha });
}

function rows(v: Value): number {
  return v.shape.slice(0, -1).reduce<number>((n, _, i) => n * v.dim(i), 1);
}

function ends(shape: readonly Dim[], transposed = false): [Dim, Dim] {
  const [a, b] = [shape.at(-2)!, shape.at(-1)!];
  return transposed ? [b, a] : [a, b];
}

import { reshape } from './reshape.js';

/** alpha · A · B over the last two axes, leading axes broadcast. */
export function matmul(a: Value, b: Value, options: MatMulOptions = {}): Value {
  return apply(MatMul, [a, b], options)[0]!;
}
