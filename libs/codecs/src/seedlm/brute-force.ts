import type { SeedBases } from './basis.js';

/** What stands for a block: its basis, by its place on the cycle, and coefficients m · 2^exponent. */
export interface BlockFit {
  readonly place: number;
  readonly exponent: number;
  /** −8 to 7, one for each column of the basis. */
  readonly mantissas: readonly number[];
  /** Squared error. */
  readonly error: number;
}

export const MIN_CODE = -8;
export const MAX_CODE = 7;

/** Halves to the even neighbour. */
function nearest(x: number): number {
  const floor = Math.floor(x);
  const rest = x - floor;
  if (rest !== 0.5) return Math.round(x);
  return floor % 2 === 0 ? floor : floor + 1;
}

const clamped = (x: number) => Math.min(MAX_CODE, Math.max(MIN_CODE, x));

/**
 * The least exponent at which a number fits into a code of four bits: ceil(log2(x / 7.5)). The paper prints floor(log2(x)), which leaves most codes
 * unused: the error of Gaussian weights is then .19 instead of .123.
 */
export function exponentOf(largest: number): number {
  if (largest === 0) return MIN_CODE;
  const x = largest / 7.5;
  let exponent = Math.floor(Math.log2(x));
  // The logarithm may be one off where x is next to a power of two.
  while (2 ** exponent < x) exponent += 1;
  while (2 ** (exponent - 1) >= x) exponent -= 1;
  return clamped(exponent);
}

/** Least squares on the basis of one place, its coefficients rounded. */
export function fitBlock(bases: SeedBases, place: number, weights: ArrayLike<number>): BlockFit {
  const { block, columns } = bases.shape;
  const [basis, inverse] = [bases.basis(place), bases.inverse(place)];
  const solution = Array.from({ length: columns }, (_, j) => {
    let sum = 0;
    for (let r = 0; r < block; r++) sum += inverse[j * block + r]! * weights[r]!;
    return sum;
  });
  const exponent = exponentOf(Math.max(...solution.map(Math.abs)));
  // Adding 0 makes 0 of −0.
  const mantissas = solution.map((t) => clamped(nearest(t / 2 ** exponent)) + 0);
  let error = 0;
  for (let r = 0; r < block; r++) {
    let sum = 0;
    for (let j = 0; j < columns; j++) sum += basis[r * columns + j]! * mantissas[j]!;
    error += (weights[r]! - 2 ** exponent * sum) ** 2;
  }
  return { place, exponent, mantissas, error };
}

/** Tries every place: what the fast search must find as well. Of equal errors the first place counts. */
export function bruteForce(bases: SeedBases, weights: ArrayLike<number>, places = bases.places): BlockFit {
  let best = {
    place: 0,
    exponent: MIN_CODE,
    mantissas: Array<number>(bases.shape.columns).fill(0),
    error: 0,
  } as BlockFit;
  let square = 0;
  for (let r = 0; r < bases.shape.block; r++) square += weights[r]! ** 2;
  best = { ...best, error: square };
  for (let place = 0; place < places; place++) {
    const fit = fitBlock(bases, place, weights);
    if (fit.error < best.error) best = fit;
  }
  return best;
}
