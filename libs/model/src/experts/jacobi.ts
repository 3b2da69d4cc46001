/** Columns are orthogonal when the cosine between any two is below this. */
const TOLERANCE = 1e-12;
/** A column this much shorter than the longest is rounding. */
export const VANISHING = 1e-13;
/** From eigenvectors, one or two do; from anything else, about ten. */
const MAX_SWEEPS = 60;

/**
 * Rotates pairs of columns until all are orthogonal (one-sided Jacobi, Hestenes 1958), in place.
 * @param right what the columns are combinations by; rotated with them
 */
export function orthogonalise(left: readonly Float64Array[], right: readonly Float64Array[]): void {
  const squares = left.map((column) => dot(column, column));
  for (let sweep = 0, isDone = false; !isDone && sweep < MAX_SWEEPS; sweep++) {
    isDone = true;
    const least = VANISHING ** 2 * squares.reduce((most, each) => Math.max(most, each), 0);
    for (let p = 0; p < left.length; p++)
      for (let q = p + 1; q < left.length; q++) {
        if (squares[p]! <= least || squares[q]! <= least) continue;
        const product = dot(left[p]!, left[q]!);
        if (Math.abs(product) <= TOLERANCE * Math.sqrt(squares[p]! * squares[q]!)) continue;
        isDone = false;
        const zeta = (squares[q]! - squares[p]!) / (2 * product);
        const tangent = (zeta < 0 ? -1 : 1) / (Math.abs(zeta) + Math.sqrt(1 + zeta * zeta));
        rotate(left[p]!, left[q]!, tangent);
        rotate(right[p]!, right[q]!, tangent);
        squares[p] = dot(left[p]!, left[p]!);
        squares[q] = dot(left[q]!, left[q]!);
      }
  }
}

function rotate(a: Float64Array, b: Float64Array, tangent: number): void {
  const cosine = 1 / Math.sqrt(1 + tangent * tangent);
  const sine = cosine * tangent;
  for (let i = 0; i < a.length; i++) {
    const [x, y] = [a[i]!, b[i]!];
    a[i] = cosine * x - sine * y;
    b[i] = sine * x + cosine * y;
  }
}

/** A unit vector at right angles to all of some. */
export function orthogonalTo(units: readonly Float64Array[], length: number): Float64Array {
  for (let axis = 0; axis < length; axis++) {
    const vector = new Float64Array(length);
    vector[axis] = 1;
    // Twice, since once leaves rounding in it.
    for (const unit of [...units, ...units]) {
      const share = dot(unit, vector);
      for (let i = 0; i < length; i++) vector[i]! -= share * unit[i]!;
    }
    const size = norm(vector);
    // At least one axis has so much of itself left.
    if (size > 0.5 / Math.sqrt(length)) return vector.map((x) => x / size);
  }
  throw new Error('there are more vectors at right angles than dimensions');
}

/** The scalar product of two vectors of one length. */
export function dot(a: Float64Array, b: Float64Array): number {
  let sum = 0;
  for (let i = 0; i < a.length; i++) sum += a[i]! * b[i]!;
  return sum;
}

/** The Euclidean length of a vector. */
export function norm(a: Float64Array): number {
  return Math.sqrt(dot(a, a));
}
