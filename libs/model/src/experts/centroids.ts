import { ForgeError } from '@agent-forge/contracts';

/** Classes by the mean of their members (a Gaussian classifier with one diagonal covariance for all classes). */
export interface Centroids {
  readonly classes: readonly string[];
  /** [classes, width], row by row. */
  readonly centers: Float32Array;
  /** [width]: one over the variance of each feature within the classes. */
  readonly precision: Float32Array;
}

/** Added to variances, as a part of their mean: a feature that never changes in the examples says little of others. */
const FLOOR = 1e-6;
/** Keeps what is divided by the variance of equal examples a number. */
const MAX_PRECISION = 1e12;

/**
 * Fits centroids to examples with their classes.
 * @throws ForgeError DATA_INVALID without examples
 */
export function fitCentroids(features: readonly Float32Array[], labels: readonly string[]): Centroids {
  const width = features[0]?.length;
  if (width === undefined) throw new ForgeError('DATA_INVALID', 'there is no example to fit centroids to');
  const classes = [...new Set(labels)];
  const counts = new Float64Array(classes.length);
  const sums = new Float64Array(classes.length * width);
  const indices = labels.map((label) => classes.indexOf(label));
  for (const [i, feature] of features.entries()) {
    counts[indices[i]!]! += 1;
    for (let k = 0; k < width; k++) sums[indices[i]! * width + k]! += feature[k]!;
  }
  const centers = Float32Array.from(sums, (sum, i) => sum / counts[Math.floor(i / width)]!);
  const variance = new Float64Array(width);
  for (const [i, feature] of features.entries())
    for (let k = 0; k < width; k++) variance[k]! += (feature[k]! - centers[indices[i]! * width + k]!) ** 2;
  const floor = (FLOOR * variance.reduce((sum, each) => sum + each, 0)) / width + Number.MIN_VALUE;
  const precision = Float32Array.from(variance, (sum) => Math.min(features.length / (sum + floor), MAX_PRECISION));
  return { classes, centers, precision };
}

/** The class whose centroid is nearest, in standard deviations. */
export function nearestClass({ classes, centers, precision }: Centroids, feature: Float32Array): string {
  const width = precision.length;
  let [best, chosen] = [Infinity, 0];
  for (let c = 0; c < classes.length; c++) {
    let distance = 0;
    for (let k = 0; k < width; k++) distance += precision[k]! * (feature[k]! - centers[c * width + k]!) ** 2;
    if (distance < best) [best, chosen] = [distance, c];
  }
  return classes[chosen]!;
}
