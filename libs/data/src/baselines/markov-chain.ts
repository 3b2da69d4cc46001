import { ForgeError, type Rng } from '@agent-forge/contracts';

/** Changes of a distribution below this are rounding. */
const STATIONARY_TOLERANCE = 1e-15;
/** A random chain mixes within tens of steps; one that has not by then has no single stationary distribution. */
const MAX_STATIONARY_STEPS = 100_000;

/**
 * A first-order Markov chain with its exact entropy rate: the lowest loss that any model of its text can reach in the
 * long run. A held-out loss below it proves a leak (Shannon 1948, section 7).
 */
export class MarkovChain {
  readonly states: number;
  /** Long-run share of each state. */
  readonly stationary: Float64Array;
  /** H = −Σ π_i Σ p_ij ln p_ij, in nats per symbol. */
  readonly entropyRate: number;

  /**
   * @param transitions row i holds the probabilities of what follows state i
   * @throws ForgeError INVALID_ARGUMENT for rows that are not distributions, or a chain that does not settle
   */
  constructor(private readonly transitions: readonly (readonly number[])[]) {
    this.states = transitions.length;
    transitions.forEach((row, i) => {
      const sum = row.reduce((total, p) => total + p, 0);
      if (row.length === this.states && row.every((p) => p >= 0) && Math.abs(sum - 1) < 1e-9) return;
      throw new ForgeError(
        'INVALID_ARGUMENT',
        `row ${i} of the chain is not a distribution over ${this.states} states`,
      );
    });
    this.stationary = stationaryOf(transitions);
    this.entropyRate = transitions.reduce((sum, row, i) => sum + this.stationary[i]! * entropy(row), 0);
  }

  /**
   * A chain whose rows are drawn at random: weights u^−sharpness for uniform u, so that 0 gives even rows (the highest
   * entropy) and larger values fewer likely successors.
   */
  static random(rng: Rng, states: number, sharpness: number): MarkovChain {
    const rows = Array.from({ length: states }, () => {
      const weights = Array.from({ length: states }, () => (1 - rng.float()) ** -sharpness);
      const total = weights.reduce((sum, weight) => sum + weight, 0);
      return weights.map((weight) => weight / total);
    });
    return new MarkovChain(rows);
  }

  /** So many symbols 0 … states − 1, begun in the long-run distribution. */
  sample(rng: Rng, length: number): Int32Array {
    const symbols = new Int32Array(length);
    for (let i = 0; i < length; i += 1) {
      symbols[i] = drawFrom(i === 0 ? this.stationary : this.transitions[symbols[i - 1]!]!, rng);
    }
    return symbols;
  }
}

function stationaryOf(transitions: readonly (readonly number[])[]): Float64Array {
  const states = transitions.length;
  let shares = new Float64Array(states).fill(1 / states);
  for (let step = 0; step < MAX_STATIONARY_STEPS; step += 1) {
    const next = new Float64Array(states);
    transitions.forEach((row, i) => row.forEach((p, j) => (next[j]! += shares[i]! * p)));
    const change = next.reduce((largest, share, i) => Math.max(largest, Math.abs(share - shares[i]!)), 0);
    shares = next;
    if (change < STATIONARY_TOLERANCE) return shares;
  }
  throw new ForgeError(
    'INVALID_ARGUMENT',
    'the chain does not settle into one distribution; let every state reach every other',
  );
}

function entropy(row: readonly number[]): number {
  return row.reduce((sum, p) => (p > 0 ? sum - p * Math.log(p) : sum), 0);
}

function drawFrom(shares: ArrayLike<number>, rng: Rng): number {
  let point = rng.float();
  for (let i = 0; i < shares.length - 1; i += 1) {
    point -= shares[i]!;
    if (point < 0) return i;
  }
  return shares.length - 1;
}
