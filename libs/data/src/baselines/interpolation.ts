/** Rounds of expectation maximisation; a test shows that ten times as many change the result by less than 0.1 %. */
const EM_ROUNDS = 40;
/** A weight never falls to 0, so that text unlike what it was tuned on still has a finite loss. */
const LEAST_WEIGHT = 1e-6;

/** One observed symbol: what each component gave it, and the class whose weights apply. */
export interface Observation {
  readonly probabilities: readonly number[];
  readonly weightClass: number;
}

/**
 * Mixture weights per class by expectation maximisation: a component's new weight is its mean share in explaining the
 * observations. Every round raises the likelihood (Dempster, Laird and Rubin 1977).
 * @returns by class; classes without an observation have even weights
 */
export function tuneMixture(
  observations: readonly Observation[],
  components: number,
  classes: number,
  rounds = EM_ROUNDS,
): number[][] {
  const even = (): number[] => Array.from({ length: components }, () => 1 / components);
  let weights = Array.from({ length: classes }, even);
  for (let round = 0; round < rounds; round += 1) {
    const sums = weights.map(() => Array.from({ length: components }, () => 0));
    for (const { probabilities, weightClass } of observations) {
      const total = mix(weights[weightClass]!, probabilities);
      const sum = sums[weightClass]!;
      for (let j = 0; j < components; j += 1) sum[j]! += (weights[weightClass]![j]! * probabilities[j]!) / total;
    }
    weights = sums.map((sum, i) => (sum.some((share) => share > 0) ? floored(sum) : weights[i]!));
  }
  return weights;
}

/** Σ_j λ_j P_j */
export function mix(weights: readonly number[], probabilities: readonly number[]): number {
  let sum = 0;
  for (let j = 0; j < weights.length; j += 1) sum += weights[j]! * probabilities[j]!;
  return sum;
}

function floored(shares: readonly number[]): number[] {
  return normalized(normalized(shares).map((share) => Math.max(share, LEAST_WEIGHT)));
}

function normalized(shares: readonly number[]): number[] {
  const total = shares.reduce((sum, share) => sum + share, 0);
  return shares.map((share) => share / total);
}
