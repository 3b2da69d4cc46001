import type { Emitter } from '../ir/emitter.js';
import { type Node, type OpDefinition, type Value, apply, floatsOf, mismatch } from '../ir/graph.js';
import { sameShape, show } from '../ir/shape.js';

/** Operands of {@link cachedAttention}. */
export interface CachedAttentionInputs {
  /** New positions, [batch, heads, queries, head] */
  readonly q: Value;
  /** New positions, [batch, kvHeads, queries, head] */
  readonly k: Value;
  readonly v: Value;
  /** Earlier positions, [past, batch, kvHeads, head], at least one: mask it where there is none. */
  readonly pastK: Value;
  readonly pastV: Value;
  /** Added to the scores, [batch or 1, 1, queries, past + queries]: 0 to attend, very negative not to. */
  readonly mask: Value;
  /** int64 [2]: past and queries. */
  readonly lengths: Value;
}

const CachedAttention: OpDefinition<null> = {
  name: 'cachedAttention',
  infer([q, k, v, pastK, pastV, mask, lengths]) {
    const dtype = floatsOf([q!, k!, v!, pastK!, pastV!, mask!]);
    if (dtype !== 'float32') mismatch(`exists in float32 only, not ${dtype}`);
    for (const t of [q!, k!, v!, pastK!, pastV!, mask!])
      if (t.shape.length !== 4) mismatch(`needs rank 4, not ${show(t.shape)}`);
    const [batch, heads, queries, head] = q!.shape;
    const [, kvHeads] = k!.shape;
    if (typeof heads !== 'number' || typeof kvHeads !== 'number' || heads % kvHeads !== 0)
      mismatch(`${String(heads)} heads are no multiple of ${String(kvHeads)} key/value heads`);
    for (const t of [k!, v!])
      if (!sameShape(t.shape, [batch!, kvHeads!, queries!, head!]))
        mismatch(`${show(t.shape)} does not fit q ${show(q!.shape)}`);
    for (const t of [pastK!, pastV!])
      if (!sameShape(t.shape, [pastK!.shape[0]!, batch!, kvHeads!, head!]))
        mismatch(`past ${show(t.shape)} does not fit q ${show(q!.shape)}`);
    if (lengths!.dtype !== 'int64' || !sameShape(lengths!.shape, [2])) mismatch('lengths are int64 [2]');
    return [q!];
  },
  lower,
};

/**
 * Scores of past and new keys are two products that are joined, so that the past is read where it lies: FusedMatMul can
 * take an operand whose first axis is its rows. Joining the keys instead would copy the whole cache for every token.
 */
function lower(emit: Emitter, node: Node<null>): void {
  const [q, k, v, pastK, pastV, mask, lengths] = node.inputs.map((x) => emit.name(x)) as [
    string,
    string,
    string,
    string,
    string,
    string,
    string,
  ];
  const [heads, kvHeads] = [node.inputs[0]!.dim(1), node.inputs[1]!.dim(1)];
  // The query heads that share a key/value head lie side by side, so they are simply more rows of one product.
  const heads2 = (x: string, count: number): string =>
    heads === kvHeads ? x : emit.value('Reshape', [x, emit.ints([0, count, -1, 0])]);
  const fused = (inputs: string[], transB: boolean, past: boolean): string =>
    emit.value(
      'FusedMatMul',
      inputs,
      {
        transB: { i: Number(transB) },
        transBatchB: { i: Number(past) },
        alpha: { f: transB ? 1 / Math.sqrt(node.inputs[0]!.dim(3)) : 1 },
      },
      'com.microsoft',
    );
  const grouped = heads2(q, kvHeads);
  const scores = emit.value('Concat', [fused([grouped, pastK], true, true), fused([grouped, k], true, false)], {
    axis: { i: 3 },
  });
  const weights = emit.value('Softmax', [emit.value('Add', [heads2(scores, heads), mask])], { axis: { i: -1 } });
  const [before, now] = [emit.fresh('before'), emit.fresh('now')];
  emit.node('Split', [heads2(weights, kvHeads), lengths], [before, now], { axis: { i: 3 } });
  const parts = [fused([before, pastV], false, true), emit.value('MatMul', [now, v])];
  const out = emit.name(node.outputs[0]!);
  if (heads === kvHeads) emit.node('Add', parts, [out]);
  else emit.node('Reshape', [emit.value('Add', parts), emit.ints([0, heads, -1, 0])], [out]);
}

/**
 * Attention of new positions to earlier ones and to themselves, with grouped-query heads: what `attention` gives over
 * keys and values of both joined. The past has time as its first axis, so that a cache grows by appending rows.
 * For inference: there is no gradient.
 * @returns [batch, heads, queries, head]
 */
export function cachedAttention({ q, k, v, pastK, pastV, mask, lengths }: CachedAttentionInputs): Value {
  return apply(CachedAttention, [q, k, v, pastK, pastV, mask, lengths], null)[0]!;
}
