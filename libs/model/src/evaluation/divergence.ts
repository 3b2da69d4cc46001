import { ForgeError } from '@agent-forge/contracts';
import type { Model } from '../weights.js';
import { batches, type EncodedItem } from './evaluate-items.js';
import { type ScorerOptions, SequenceScorer, tokensPerCall } from './sequence-scorer.js';

/** Two models over the same tokens. */
export interface Divergence {
  /** Mean of KL(teacher ‖ student) over the positions that count, in nats. */
  readonly divergence: number;
  /** Positions that counted. */
  readonly tokens: number;
}

/** How two models are compared. */
export type DivergenceOptions = Pick<ScorerOptions, 'threads'> & { readonly signal?: AbortSignal };

/**
 * How far a model's distributions are from another's: Kullback and Leibler's divergence, exactly, over the whole vocabulary, at the tokens of answers.
 * @param teacher made with `distributions`; the same tokens mean the same to both models
 * @throws ForgeError SHAPE_MISMATCH for models with different vocabularies, CANCELLED when `signal` aborts
 */
export async function divergenceFrom(
  teacher: SequenceScorer,
  student: Model,
  items: readonly EncodedItem[],
  options: DivergenceOptions = {},
): Promise<Divergence> {
  return divergenceBetween(
    teacher,
    student,
    items.map((item) => ({ theirs: item, ours: item })),
    options,
  );
}

/** The same answer behind what each of two models sees before it. */
export interface ItemPair {
  readonly theirs: EncodedItem;
  readonly ours: EncodedItem;
}

/** As {@link divergenceFrom}, where the student sees something else before the answers than the teacher; their tokens are lined up from the end. */
export async function divergenceBetween(
  teacher: SequenceScorer,
  student: Model,
  pairs: readonly ItemPair[],
  options: DivergenceOptions = {},
): Promise<Divergence> {
  const { vocabSize } = student.config;
  if (teacher.model.config.vocabSize !== vocabSize)
    throw new ForgeError(
      'SHAPE_MISMATCH',
      `models of ${teacher.model.config.vocabSize} and ${vocabSize} tokens have no divergence`,
    );
  const { maxLength } = teacher;
  const scorer = await SequenceScorer.create(student, { ...options, maxLength, distributions: true });
  let [sum, tokens] = [0, 0];
  try {
    const longer = pairs.map(({ theirs, ours }) => (theirs.ids.length > ours.ids.length ? theirs : ours));
    for (const batch of batches(longer, tokensPerCall(student))) {
      if (options.signal?.aborted) throw new ForgeError('CANCELLED', 'the evaluation was stopped');
      const theirs = await teacher.score(batch.map((i) => pairs[i]!.theirs.ids));
      const ours = await scorer.score(batch.map((i) => pairs[i]!.ours.ids));
      for (const [row, i] of batch.entries()) {
        const [p, q] = [theirs[row]!.logProbs!, ours[row]!.logProbs!];
        const { ids, learnt } = pairs[i]!.ours;
        const shift = (pairs[i]!.theirs.ids.length - ids.length) * vocabSize;
        for (let t = 1; t < ids.length; t++) {
          if (learnt[t] !== 1) continue;
          const at = (t - 1) * vocabSize;
          sum += klOf(p.subarray(at + shift, at + shift + vocabSize), q.subarray(at, at + vocabSize));
          tokens += 1;
        }
      }
    }
  } finally {
    await scorer.release();
  }
  return { divergence: tokens === 0 ? 0 : sum / tokens, tokens };
}

function klOf(p: Float32Array, q: Float32Array): number {
  let sum = 0;
  for (let i = 0; i < p.length; i++) sum += Math.exp(p[i]!) * (p[i]! - q[i]!);
  return sum;
}
