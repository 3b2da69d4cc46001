import { ForgeError, Rng } from '@agent-forge/contracts';

/** An estimate and the interval that its resamples leave it in. */
export interface BootstrapInterval {
  readonly estimate: number;
  readonly low: number;
  readonly high: number;
}

export interface BootstrapOptions {
  readonly seed: number | string;
  /** Share of resamples inside the interval; 0.95 unless given. */
  readonly confidence?: number;
  /** 1,999 unless given: then the ends of a 95 % interval are exactly the 50th values from either side. */
  readonly resamples?: number;
}

const DEFAULT_CONFIDENCE = 0.95;
const DEFAULT_RESAMPLES = 1_999;
/** Below this the ends of an interval are single, noisy resamples. */
const LEAST_RESAMPLES = 99;
/** More change no digit that is shown, and take minutes on a large test set. */
const MAX_RESAMPLES = 100_000;
/** 2000 · 0.05 / 2 is 50, not the 49 that binary fractions would floor to. */
const ROUNDING = 1e-9;

/**
 * Percentile bootstrap interval (Efron and Tibshirani 1993, chapter 13) of any statistic of a sample, for example a ratio
 * of two means over the same items. When all values are equal the interval has no width; that says nothing about items that
 * were not drawn.
 * @param count items of the sample
 * @param statistic of the items at these indices; it gets all indices once, then resamples with repetition
 * @throws ForgeError INVALID_ARGUMENT for an empty sample or options out of range
 */
export function bootstrap(
  count: number,
  statistic: (indices: Int32Array) => number,
  { seed, confidence = DEFAULT_CONFIDENCE, resamples = DEFAULT_RESAMPLES }: BootstrapOptions,
): BootstrapInterval {
  if (!Number.isInteger(count) || count < 1)
    throw new ForgeError('INVALID_ARGUMENT', 'a bootstrap needs at least one value');
  if (!(confidence > 0 && confidence < 1)) {
    throw new ForgeError('INVALID_ARGUMENT', `the confidence must lie between 0 and 1, not ${confidence}`);
  }
  if (!Number.isInteger(resamples) || resamples < LEAST_RESAMPLES || resamples > MAX_RESAMPLES) {
    const message = `the number of resamples must be ${LEAST_RESAMPLES} to ${MAX_RESAMPLES}, not ${resamples}`;
    throw new ForgeError('INVALID_ARGUMENT', message);
  }
  const rng = Rng.derive(seed, 'bootstrap');
  const indices = Int32Array.from({ length: count }, (_, i) => i);
  const estimate = statistic(indices);
  const found = Float64Array.from({ length: resamples }, () => {
    for (let i = 0; i < count; i += 1) indices[i] = rng.int(count);
    return statistic(indices);
  }).sort();
  const outside = Math.max(1, Math.floor(((resamples + 1) * (1 - confidence)) / 2 + ROUNDING));
  return { estimate, low: found[outside - 1]!, high: found[resamples - outside]! };
}

/**
 * Interval of the share of ones among 0/1 marks: an accuracy. Where all marks are equal, resamples have no spread, and that end of the interval which is not
 * 0 or 1 is the exact one of Clopper and Pearson (1934): the rate at which so many equal marks in a row still happen in 2.5 % of samples.
 */
export function bootstrapShare(marks: ArrayLike<number>, options: BootstrapOptions): BootstrapInterval {
  const interval = bootstrapMean(marks, options);
  const { estimate } = interval;
  if (estimate !== 0 && estimate !== 1) return interval;
  const edge = ((1 - (options.confidence ?? DEFAULT_CONFIDENCE)) / 2) ** (1 / marks.length);
  return estimate === 1 ? { estimate, low: edge, high: 1 } : { estimate, low: 0, high: 1 - edge };
}

/** Interval of a mean. */
export function bootstrapMean(values: ArrayLike<number>, options: BootstrapOptions): BootstrapInterval {
  return bootstrap(values.length, (indices) => meanAt(values, indices), options);
}

/**
 * Interval of mean(a) − mean(b), where a[i] and b[i] belong to the same item: the items' own spread cancels.
 * @throws ForgeError INVALID_ARGUMENT also when the two differ in length
 */
export function bootstrapPairedDifference(
  a: ArrayLike<number>,
  b: ArrayLike<number>,
  options: BootstrapOptions,
): BootstrapInterval {
  if (a.length !== b.length) {
    throw new ForgeError(
      'INVALID_ARGUMENT',
      `a paired difference needs two lists of one length, not ${a.length} and ${b.length}`,
    );
  }
  return bootstrapMean(
    Float64Array.from({ length: a.length }, (_, i) => a[i]! - b[i]!),
    options,
  );
}

function meanAt(values: ArrayLike<number>, indices: Int32Array): number {
  let sum = 0;
  for (const index of indices) sum += values[index]!;
  return sum / indices.length;
}
