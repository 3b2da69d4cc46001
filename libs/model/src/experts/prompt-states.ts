import { SequenceScorer, tokensPerCall } from '../evaluation/sequence-scorer.js';
import type { Model } from '../weights.js';

/** What is taken for a prompt's meaning: the state behind its last token, or the mean over all of its tokens. */
export type StateReading = 'last' | 'mean';

/**
 * What a model has in mind after reading each prompt: hidden states [width] behind its final norm, in both readings.
 * @throws ForgeError INVALID_ARGUMENT for an empty prompt or one that is longer than the model's positions
 */
export async function promptStates(
  model: Model,
  prompts: readonly (readonly number[])[],
  { threads, signal }: { readonly threads?: number; readonly signal?: AbortSignal } = {},
): Promise<Readonly<Record<StateReading, Float32Array>>[]> {
  const width = model.config.hiddenSize;
  const longest = prompts.reduce((most, { length }) => Math.max(most, length), 1);
  const perCall = Math.max(1, Math.floor(tokensPerCall(model) / longest));
  const scorer = await SequenceScorer.create(model, {
    states: true,
    maxLength: longest,
    ...(threads === undefined ? {} : { threads }),
  });
  const found: Record<StateReading, Float32Array>[] = [];
  try {
    for (let at = 0; at < prompts.length; at += perCall) {
      signal?.throwIfAborted();
      // A scorer gives no state behind the last token of a sequence, so one more follows that nobody looks at.
      const scores = await scorer.score(prompts.slice(at, at + perCall).map((ids) => [...ids, ids.at(-1)!]));
      for (const { states } of scores) found.push({ last: states!.slice(-width), mean: meanRow(states!, width) });
    }
  } finally {
    await scorer.release();
  }
  return found;
}

function meanRow(states: Float32Array, width: number): Float32Array {
  const mean = new Float64Array(width);
  for (let i = 0; i < states.length; i++) mean[i % width]! += states[i]!;
  return Float32Array.from(mean, (sum) => (sum * width) / states.length);
}
