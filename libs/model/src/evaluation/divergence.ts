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

/**
 * How far a model's distributions are from another's: Kullback and Leibler's divergence, exactly, over the whole vocabulary, at the tokens of answers.
 * @param teacher made with `distributions`; the same tokens mean the same to both models
 * @throws ForgeError SHAPE_MISMATCH for models with different vocabularies, CANCELLED when `signal` aborts
 */
export async function divergenceFrom(
  teacher: SequenceScorer,
  student: Model,
  items: readonly EncodedItem[],
  options: Pick<ScorerOptions, 'threads'> & { readonly signal?: AbortSignal } = {},
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
    for (const batch of batches(items, tokensPerCall(student))) {
      if (options.signal?.aborted) throw new ForgeError('CANCELLED', 'the evaluation was stopped');
      const sequences = batch.map((i) => items[i]!.ids);
      const [theirs, ours] = [await teacher.score(sequences), await scorer.score(sequences)];
      for (const [row, i] of batch.entries()) {
        const { ids, learnt } = items[i]!;
        for (let t = 1; t < ids.length; t++) {
          if (learnt[t] !== 1) continue;
          const at = (t - 1) * vocabSize;
          sum += klOf(theirs[row]!.logProbs!, ours[row]!.logProbs!, at, vocabSize);
          tokens += 1;
        }
      }
    }
  } finally {
    await scorer.release();
  }
  return { divergence: tokens === 0 ? 0 : sum / tokens, tokens };
}

function klOf(p: Float32Array, q: Float32Array, at: number, count: number): number {
  let sum = 0;
  for (let i = at; i < at + count; i++) sum += Math.exp(p[i]!) * (p[i]! - q[i]!);
  return sum;
}
