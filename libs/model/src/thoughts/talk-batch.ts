import { ForgeError } from '@agent-forge/contracts';
import type { HostTensor } from '@agent-forge/tensor';
import { type ThoughtRows, blockPlace, thoughtInputs } from './layout.js';
import type { ThoughtShape } from './objective.js';

/** One row's predictions to learn: its text, and where thoughts stand. */
export interface TalkBatch {
  readonly shape: ThoughtShape;
  /** Everything but `advantage` and the weights. */
  readonly inputs: Readonly<Record<string, HostTensor>>;
  /** For each talk, the number of its thought (row · anchors + anchor). */
  readonly thoughtOf: Int32Array;
  /** 1 for talks whose target is in the text and counts, else 0. */
  readonly counts: Float32Array;
}

/**
 * Lays rows with their thoughts out for the forward pass. Behind each thought stand the true tokens of the text, so that the talk `m` predicts token
 * anchor + 1 + m with the thought and the m true tokens before it (teacher forcing, Quiet-STaR, section 4.4).
 * @param blocks start, tokens and end of the thoughts
 * @param talk true tokens ahead that each thought is to help with
 * @param learnt 1 for each token of the texts whose prediction counts
 */
export function talkBatch(
  rows: ThoughtRows,
  blocks: readonly Int32Array[],
  talk: number,
  learnt: readonly (readonly number[])[],
  padId: number,
): TalkBatch {
  if (talk < 1) throw new ForgeError('INVALID_ARGUMENT', `a thought helps with at least 1 token, not ${talk}`);
  const count = rows.texts.length * (rows.anchors[0]?.length ?? 0);
  const tokenAt = (thought: number, ahead: number): number => {
    const { row, anchor } = place(rows, thought);
    return rows.texts[row]![anchor + ahead] ?? padId;
  };
  const forced = Array.from({ length: talk - 1 }, (_, m) =>
    Int32Array.from({ length: count }, (__, thought) => tokenAt(thought, m + 1)),
  );
  const { layout, inputIds, positions, mask } = thoughtInputs(rows, [...blocks, ...forced], padId);
  const talks = count * talk;
  const basePlaces = new Int32Array(talks);
  const talkPlaces = new Int32Array(talks);
  const targets = new Int32Array(talks);
  const counts = new Float32Array(talks);
  const thoughtOf = Int32Array.from({ length: talks }, (_, i) => Math.floor(i / talk));
  for (let i = 0; i < talks; i++) {
    const [thought, m] = [thoughtOf[i]!, i % talk];
    const { row, anchor, number } = place(rows, thought);
    const known = anchor + m < layout.length ? anchor + m : anchor;
    basePlaces[i] = row * layout.width + known;
    talkPlaces[i] = row * layout.width + blockPlace(layout, blocks.length - 1 + m, number);
    targets[i] = tokenAt(thought, m + 1);
    counts[i] = learnt[row]![anchor + m + 1] ?? 0;
  }
  // A token of a thought is predicted by the block before it.
  const length = blocks.length - 2;
  const samplePlaces = new Int32Array(count * length);
  const sampled = new Int32Array(count * length);
  for (let thought = 0; thought < count; thought++) {
    const { row, number } = place(rows, thought);
    for (let t = 0; t < length; t++) {
      samplePlaces[thought * length + t] = row * layout.width + blockPlace(layout, t, number);
      sampled[thought * length + t] = blocks[t + 1]![thought]!;
    }
  }
  // A start is predicted by the text before it, an end by the thought's last token.
  const markPlaces = new Int32Array(2 * count);
  const marks = new Int32Array(2 * count);
  for (let thought = 0; thought < count; thought++) {
    const { row, anchor, number } = place(rows, thought);
    markPlaces[2 * thought] = row * layout.width + anchor;
    markPlaces[2 * thought + 1] = row * layout.width + blockPlace(layout, length, number);
    marks[2 * thought] = blocks[0]![thought]!;
    marks[2 * thought + 1] = blocks.at(-1)![thought]!;
  }
  const ids = (data: Int32Array): HostTensor => ({ dtype: 'int32', shape: [data.length], data });
  return {
    shape: { rows: layout.rows, width: layout.width, talks, samples: count * length, marks: 2 * count },
    inputs: {
      inputIds,
      positions,
      mask,
      basePlaces: ids(basePlaces),
      talkPlaces: ids(talkPlaces),
      targets: ids(targets),
      samplePlaces: ids(samplePlaces),
      sampled: ids(sampled),
      markPlaces: ids(markPlaces),
      marks: ids(marks),
    },
    thoughtOf,
    counts,
  };
}

function place({ anchors }: ThoughtRows, thought: number): { row: number; anchor: number; number: number } {
  const each = anchors[0]!.length;
  const row = Math.floor(thought / each);
  return { row, number: thought % each, anchor: anchors[row]![thought % each]! };
}
