import { ForgeError, type Rng } from '@agent-forge/contracts';

/** How the next token is chosen. */
export interface SamplingOptions {
  /** Logits are divided by it; 0 (default) takes the likeliest token. */
  readonly temperature?: number;
  /** Only this many likeliest tokens; 0 (default) means all. */
  readonly topK?: number;
  /** Only the smallest set of likeliest tokens whose probabilities reach this sum, out of (0, 1]; 1 (default) means all. */
  readonly topP?: number;
}

/** A distribution over some tokens, which stand in ascending order. */
export interface TokenDistribution {
  readonly ids: Int32Array;
  readonly probabilities: Float64Array;
}

/** @throws ForgeError `INVALID_ARGUMENT` naming the option */
export function checkSampling({ temperature = 0, topK = 0, topP = 1 }: SamplingOptions): Required<SamplingOptions> {
  if (!Number.isFinite(temperature) || temperature < 0)
    throw new ForgeError('INVALID_ARGUMENT', `temperature is a number of at least 0, not ${temperature}`);
  if (!Number.isInteger(topK) || topK < 0)
    throw new ForgeError('INVALID_ARGUMENT', `topK is a whole number of at least 0, not ${topK}`);
  if (!(topP > 0 && topP <= 1))
    throw new ForgeError('INVALID_ARGUMENT', `topP is a number above 0 and up to 1, not ${topP}`);
  return { temperature, topK, topP };
}

/** The likeliest token, the first one of equals. */
export function greedyToken(logits: Float32Array): number {
  let best = 0;
  for (let id = 1; id < logits.length; id++) if (logits[id]! > logits[best]!) best = id;
  // A comparison with NaN is false, so a bad first value would win silently.
  if (!Number.isFinite(logits[best]!)) throw notNumbers();
  return best;
}

/**
 * softmax(logits / temperature) over the tokens that top-k leaves, and of those the ones that top-p leaves (nucleus
 * sampling, Holtzman et al. 2019, arXiv:1904.09751, section 3.1), in transformers' order. Of equally likely tokens the
 * lower id is kept first.
 * @param options with a temperature above 0
 */
export function samplingDistribution(logits: Float32Array, options: Required<SamplingOptions>): TokenDistribution {
  const { temperature, topK, topP } = options;
  const peak = logits[greedyToken(logits)]!;
  let ids = topK > 0 && topK < logits.length ? largest(logits, topK) : Int32Array.from(logits.keys());
  let weights = Float64Array.from(ids, (id) => Math.exp((logits[id]! - peak) / temperature));
  if (topP < 1) {
    const kept = nucleus(weights, topP);
    ids = Int32Array.from(kept, (i) => ids[i]!);
    weights = Float64Array.from(kept, (i) => weights[i]!);
  }
  const total = sum(weights);
  return { ids, probabilities: weights.map((w) => w / total) };
}

/** One token of the distribution that the options leave; exactly one draw of `rng` unless the choice is greedy. */
export function sampleToken(logits: Float32Array, options: Required<SamplingOptions>, rng: Rng): number {
  if (options.temperature === 0) return greedyToken(logits);
  const { ids, probabilities } = samplingDistribution(logits, options);
  let left = rng.float();
  for (let i = 0; i < ids.length; i++) {
    left -= probabilities[i]!;
    if (left < 0) return ids[i]!;
  }
  // Rounding can leave a rest of 1e-16.
  return ids.at(-1)!;
}

/** Ids of the k largest logits, ascending. */
function largest(logits: Float32Array, k: number): Int32Array {
  const threshold = logits.slice().sort()[logits.length - k]!;
  let ties = k - count(logits, (x) => x > threshold);
  const kept: number[] = [];
  logits.forEach((x, id) => {
    if (x > threshold || (x === threshold && ties-- > 0)) kept.push(id);
  });
  return Int32Array.from(kept);
}

/** Indices of the fewest largest weights that sum to at least the share `topP`, ascending. */
function nucleus(weights: Float64Array, topP: number): Int32Array {
  const total = sum(weights);
  // All weights below the floor together make less than the share that is cut, so none of them is kept: this spares
  // sorting a large vocabulary.
  const floor = ((1 - topP) * total) / weights.length;
  const order = [...weights.keys()]
    .filter((i) => weights[i]! >= floor)
    .sort((a, b) => weights[b]! - weights[a]! || a - b);
  let mass = 0;
  const size = order.findIndex((i) => (mass += weights[i]!) >= topP * total) + 1;
  return Int32Array.from(order.slice(0, size || order.length)).sort();
}

function sum(values: Float64Array): number {
  return values.reduce((a, b) => a + b, 0);
}

function count(values: Float32Array, holds: (x: number) => boolean): number {
  return values.reduce((n, x) => n + Number(holds(x)), 0);
}

function notNumbers(): ForgeError {
  return new ForgeError(
    'AUDIT_FAILED',
    'the model computes logits that are not finite numbers; its weights are damaged',
  );
}
