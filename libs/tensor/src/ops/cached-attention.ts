import type { Value } from '../ir/graph.js';
import { show, times } from '../ir/shape.js';
import { add } from './add.js';
import { concat } from './concat.js';
import { matmul } from './matmul.js';
import { reshape } from './reshape.js';
import { softmax } from './softmax.js';
import { splitLast } from './split-last.js';

/** Operands of {@link cachedAttention}. */
export interface CachedAttentionInputs {
  /** New positions, [batch, heads, queries, head] */
  readonly q: Value;
  /** New positions, [batch, kvHeads, queries, head] */
  readonly k: Value;
  readonly v: Value;
  /** Earlier positions, [batch, kvHeads, past, head] */
  readonly pastK: Value;
  readonly pastV: Value;
  /** Added to the scores; broadcasts to [batch, heads, queries, past+queries]: 0 to attend, very negative not to. */
  readonly mask: Value;
  /** int64 [2]: past and queries. */
  readonly lengths: Value;
}

/**
 * Attention of new positions to earlier ones and to themselves, with grouped-query heads: what `attention` gives over
 * keys and values of both joined. Past and new parts are two products each, so that the past is read where it lies:
 * joining the keys instead would copy the whole cache for every token. For inference, without a gradient.
 * @returns [batch, heads, queries, head]
 */
export function cachedAttention({ q, k, v, pastK, pastV, mask, lengths }: CachedAttentionInputs): Value {
  for (const [name, { shape }] of Object.entries({ q, k, v, pastK, pastV }))
    if (shape.length !== 4)
      q.graph.mistake('cachedAttention', `${name} is [batch, heads, sequence, head], not ${show(shape)}`);
  const [batch, heads, queries, head] = [q.shape[0]!, q.dim(1), q.shape[2]!, q.dim(3)];
  const kvHeads = k.dim(1);
  if (heads % kvHeads !== 0)
    q.graph.mistake('cachedAttention', `${heads} heads are no multiple of ${kvHeads} key/value heads`);
  // The query heads that share a key/value head lie side by side, so they are simply more rows of one product.
  const grouped = reshape(q, [batch, kvHeads, times(heads / kvHeads, queries), head]);
  const products = [pastK, k].map((keys) => matmul(grouped, keys, { transB: true, alpha: 1 / Math.sqrt(head) }));
  const scores = concat(products, 3);
  const masked = add(reshape(scores, [batch, heads, queries, scores.shape[3]!]), mask);
  const weights = reshape(softmax(masked), scores.shape);
  const [before, now] = splitLast(weights, lengths, [pastK.shape[2]!, queries]) as [Value, Value];
  return reshape(add(matmul(before, pastV), matmul(now, v)), q.shape);
}
