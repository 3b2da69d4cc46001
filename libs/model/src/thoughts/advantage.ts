/** What rewards become before they weigh thoughts. */
export interface AdvantageOptions {
  /** Passes over each text; their thoughts are compared with one another. */
  readonly passes: number;
  /** Thoughts that are worse than the mean are not punished, as in the reference implementation. This makes the estimator biased. */
  readonly clamp: boolean;
}

/**
 * The reward of each thought: how many nats less its talks cost with it than without, on average over those that count.
 * @param thoughtOf the thought of each talk, @param counts 1 for talks that count
 * @param thoughts number of thoughts
 */
export function rewards(
  baseNll: ArrayLike<number>,
  talkNll: ArrayLike<number>,
  thoughtOf: ArrayLike<number>,
  counts: ArrayLike<number>,
  thoughts: number,
): Float64Array {
  const sums = new Float64Array(thoughts);
  const numbers = new Float64Array(thoughts);
  for (let i = 0; i < thoughtOf.length; i++) {
    sums[thoughtOf[i]!]! += counts[i]! * (baseNll[i]! - talkNll[i]!);
    numbers[thoughtOf[i]!]! += counts[i]!;
  }
  return sums.map((sum, i) => sum / Math.max(1, numbers[i]!));
}

/**
 * Each reward minus the mean of the other passes' thoughts at the same place (leave-one-out baseline: independent of the thought itself, so
 * the gradient keeps its mean; Kool et al. 2019), or the reward itself where there is one pass. The mean over all passes, which Quiet-STaR
 * subtracts, is the same up to the factor (passes − 1) / passes.
 * @param values of all thoughts, pass by pass
 */
export function advantages(values: Float64Array, { passes, clamp }: AdvantageOptions): Float64Array {
  const each = values.length / passes;
  return values.map((value, i) => {
    let advantage = value;
    if (passes > 1) {
      let others = 0;
      for (let pass = 0; pass < passes; pass++) others += values[pass * each + (i % each)]!;
      advantage = value - (others - value) / (passes - 1);
    }
    return clamp ? Math.max(0, advantage) : advantage;
  });
}
