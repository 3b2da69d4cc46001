import type { Rng } from '@agent-forge/contracts';

/** Points with their weights. */
export interface Points {
  /** Numbers of a point. */
  readonly length: number;
  /** Points one behind the other. */
  readonly values: Float64Array;
  readonly weights: Float64Array;
}

export interface Clustering {
  readonly centroids: Float64Array;
  /** Weighted squared error before each update of the centroids; it never rises. */
  readonly objectives: readonly number[];
}

const MAX_ITERATIONS = 30;
/** Part of the objective; gains below it are not worth another turn. */
const TOLERANCE = 1e-5;

/** The centroid next to a point; of equal ones the first. */
export function nearestCentroid(centroids: Float64Array, length: number, values: Float64Array, at: number): number {
  let [best, least] = [0, Infinity];
  for (let c = 0, from = 0; from < centroids.length; c++, from += length) {
    let distance = 0;
    for (let i = 0; i < length; i++) {
      const miss = values[at + i]! - centroids[from + i]!;
      distance += miss * miss;
    }
    if (distance < least) [best, least] = [c, distance];
  }
  return best;
}

/** Weighted k-means: seeds by distance (Arthur and Vassilvitskii 2007), then Lloyd's turns. A centroid that nobody is next to stays. */
export function kMeans(points: Points, count: number, rng: Rng): Clustering {
  const { length, values, weights } = points;
  const centroids = seeds(points, count, rng);
  const objectives: number[] = [];
  for (let turn = 0; turn < MAX_ITERATIONS; turn++) {
    const sums = new Float64Array(centroids.length);
    const totals = new Float64Array(count);
    let objective = 0;
    for (let p = 0; p < weights.length; p++) {
      const c = nearestCentroid(centroids, length, values, p * length);
      totals[c]! += weights[p]!;
      for (let i = 0; i < length; i++) {
        const x = values[p * length + i]!;
        sums[c * length + i]! += weights[p]! * x;
        objective += weights[p]! * (x - centroids[c * length + i]!) ** 2;
      }
    }
    objectives.push(objective);
    for (let c = 0; c < count; c++)
      if (totals[c]! > 0)
        for (let i = 0; i < length; i++) centroids[c * length + i] = sums[c * length + i]! / totals[c]!;
    const before = objectives.at(-2) ?? Infinity;
    if (objective === 0 || before - objective < TOLERANCE * before) break;
  }
  return { centroids, objectives };
}

/** Each next seed is a point, the likelier the farther it is from those before. */
function seeds({ length, values, weights }: Points, count: number, rng: Rng): Float64Array {
  const centroids = new Float64Array(count * length);
  const distances = Float64Array.from(weights);
  for (let c = 0; c < count; c++) {
    const chosen = draw(distances, rng);
    const centroid = values.subarray(chosen * length, (chosen + 1) * length);
    centroids.set(centroid, c * length);
    for (let p = 0; p < weights.length; p++) {
      let distance = 0;
      for (let i = 0; i < length; i++) distance += (values[p * length + i]! - centroid[i]!) ** 2;
      const weighted = weights[p]! * distance;
      distances[p] = c === 0 ? weighted : Math.min(distances[p]!, weighted);
    }
  }
  return centroids;
}

function draw(masses: Float64Array, rng: Rng): number {
  let total = 0;
  for (let i = 0; i < masses.length; i++) total += masses[i]!;
  let left = rng.float() * total;
  for (let i = 0; i < masses.length; i++) {
    left -= masses[i]!;
    if (left < 0) return i;
  }
  return rng.int(masses.length);
}
