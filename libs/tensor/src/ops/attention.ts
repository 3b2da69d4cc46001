import { type Node, type OpDefinition, type Value, apply, floatsOf, mismatch } from '../ir/graph.js';
import { show, times } from '../ir/shape.js';
import { matmul } from './matmul.js';
import { mul } from './mul.js';
import { reduceSum } from './reduce-sum.js';
import { add } from './add.js';
import { reshape } from './reshape.js';
import { sub } from './sub.js';

/** The part of attention whose gradient is cheaper by its own rule than op by op: O = P·V with P = softmax(S). */
const AttentionOutput: OpDefinition<null> = {
  name: 'attentionOutput',
  infer(inputs) {
    const [scores, values] = inputs;
    if (scores!.shape.at(-1) !== values!.shape.at(-2))
      mismatch(`scores ${show(scores!.shape)} do not fit values ${show(values!.shape)}`);
    const dtype = floatsOf(inputs);
    return [
      { dtype, shape: [...scores!.shape.slice(0, -1), values!.shape.at(-1)!] },
      { dtype, shape: scores!.shape },
    ];
  },
  lower(emit, node) {
    const [scores, values] = node.inputs.map((v) => emit.name(v)) as [string, string];
    const [out, weights] = node.outputs.map((v) => emit.name(v)) as [string, string];
    emit.node('Softmax', [scores], [weights], { axis: { i: -1 } });
    emit.node('MatMul', [weights, values], [out]);
  },
  gradient(node: Node<null>, [g]) {
    const [, values] = node.inputs as [Value, Value];
    const [out, weights] = node.outputs as [Value, Value];
    // dS = P·(dP − rowsum(dP·P)), and that row sum equals rowsum(dO·O), which is head/sequence times as large
    // (FlashAttention, Dao et al. 2022, arXiv:2205.14135, appendix B.2).
    const inner = reduceSum(mul(g!, out), [out.shape.length - 1], true);
    const dScores = mul(weights, sub(matmul(g!, values, { transB: true }), inner));
    return [dScores, matmul(weights, g!, { transA: true })];
  },
};

/** Operands of {@link attention}: heads are `kvHeads` times a whole number (grouped-query attention). */
export interface AttentionInputs {
  /** [batch, heads, queries, head] */
  readonly q: Value;
  /** [batch, kvHeads, keys, head] */
  readonly k: Value;
  /** [batch, kvHeads, keys, head] */
  readonly v: Value;
  /** Added to the scores; broadcasts to [batch, heads, queries, keys]: 0 to attend, very negative not to. */
  readonly mask: Value;
}

/**
 * softmax(q·kᵀ/√head + mask)·v with grouped-query heads: query head h reads key/value head floor(h · kvHeads / heads)
 * (Ainslie et al. 2023, arXiv:2305.13245).
 * @returns [batch, heads, queries, head]
 */
export function attention({ q, k, v, mask }: AttentionInputs): Value {
  const operands = Object.entries({ q, k, v });
  for (const [name, { shape }] of operands)
    if (shape.length !== 4)
      q.graph.mistake('attention', `${name} is [batch, heads, sequence, head], not ${show(shape)}`);
  const [batch, heads, queries, head] = [q.shape[0]!, q.dim(1), q.shape[2]!, q.dim(3)];
  const kvHeads = k.dim(1);
  const keys = k.shape[2]!;
  if (heads % kvHeads !== 0)
    q.graph.mistake('attention', `${heads} heads are no multiple of ${kvHeads} key/value heads`);
  // The query heads that share a key/value head lie side by side, so they are simply more rows of one product.
  const grouped = reshape(q, [batch, kvHeads, times(heads / kvHeads, queries), head]);
  const scores = matmul(grouped, k, { transB: true, alpha: 1 / Math.sqrt(head) });
  const masked = add(reshape(scores, [batch, heads, queries, keys]), mask);
  const out = apply(AttentionOutput, [reshape(masked, scores.shape), v], null)[0]!;
  return reshape(out, [batch, heads, queries, head]);
}
