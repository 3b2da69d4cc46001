import { type OpDefinition, type Value, apply, mismatch } from '../ir/graph.js';
import { type Dim, show } from '../ir/shape.js';

/** Added to the score of a key that must not be seen: vanishes in softmax, and a row of nothing else stays finite. */
const MASKED = -1e9;

const KeyMask: OpDefinition<null> = {
  name: 'keyMask',
  infer([keys, ids]) {
    for (const t of [keys!, ids!])
      if (t.dtype !== 'int64' || t.shape.length !== 2) mismatch(`needs int64 matrices, not ${t.dtype}${show(t.shape)}`);
    const [batch, length] = ids!.shape as [Dim, Dim];
    return [
      { dtype: 'float32', shape: [batch, 1, length, keys!.shape[1]!] },
      { dtype: 'int64', shape: [2] },
    ];
  },
  lower(emit, node) {
    const [keys, ids] = node.inputs.map((v) => emit.name(v)) as [string, string];
    const [mask, lengths] = node.outputs.map((v) => emit.name(v)) as [string, string];
    const scalar = (value: number) => emit.constant('int64', [], [value]);
    const length = (x: string) => emit.value('Gather', [emit.value('Shape', [x]), scalar(1)]);
    const [all, fresh] = [length(keys), length(ids)];
    const past = emit.value('Sub', [all, fresh]);
    const range = (start: string) => emit.value('Range', [start, all, scalar(1)]);
    const queries = emit.value('Unsqueeze', [range(past), emit.ints([1])]);
    const earlier = emit.value('LessOrEqual', [range(scalar(0)), queries]);
    const present = emit.value('Unsqueeze', [emit.value('Cast', [keys], { to: { i: 9 } }), emit.ints([1, 2])]);
    const bounds = [0, MASKED].map((value) => emit.constant('float32', [], [value])) as [string, string];
    emit.node('Where', [emit.value('And', [present, earlier]), ...bounds], [mask]);
    const one = (x: string) => emit.value('Unsqueeze', [x, emit.ints([0])]);
    emit.node('Concat', [one(past), one(fresh)], [lengths], { axis: { i: 0 } });
  },
};

/**
 * What attention over a cache needs, out of the inputs that generation tools give: the mask that is added to scores (0 where a
 * token may see a key, which is there and not later; very negative elsewhere), and how many keys are old and new.
 * @param keys int64 [batch, past + sequence]: 1 where there is a key, 0 for padding
 * @param ids int64 [batch, sequence]: the new tokens
 * @returns float32 mask [batch, 1, sequence, past + sequence] and int64 lengths [2]: past and sequence
 */
export function keyMask(keys: Value, ids: Value): { mask: Value; lengths: Value } {
  const [mask, lengths] = apply(KeyMask, [keys, ids], null) as [Value, Value];
  return { mask, lengths };
}
