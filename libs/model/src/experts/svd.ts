import { EigenvalueDecomposition, Matrix } from 'ml-matrix';
import { isProjection } from '../adapters/lora.js';
import type { WeightTensor, Weights } from '../weights.js';
import { dot, norm, orthogonalise, orthogonalTo, VANISHING } from './jacobi.js';

/** A matrix W [out, in] as U · diag(sigma) · Vᵀ, with rank = min(out, in). */
export interface SingularValues {
  /** Left singular vectors as columns, [out, rank]. */
  readonly u: WeightTensor;
  /** [rank], from the largest to the smallest. */
  readonly sigma: WeightTensor;
  /** Right singular vectors as rows, [rank, in]. */
  readonly vT: WeightTensor;
}

/** Decomposed matrices by the names of their weights. */
export type Decomposition = ReadonlyMap<string, SingularValues>;

/**
 * The singular values and vectors of a matrix, in float64: one-sided Jacobi rotations (Hestenes 1958) from the eigenvectors of the smaller of WᵀW and WWᵀ, which are
 * nearly there, and lose the small singular values where a matrix has large ones.
 */
export function singularValues(tensor: WeightTensor): SingularValues {
  const [out, width] = tensor.shape as [number, number];
  const isTall = out >= width;
  const rank = Math.min(out, width);
  const length = Math.max(out, width);
  const columns = columnsOf(tensor, isTall);
  const right = eigenvectors(columns);
  const left = right.map((v) => combine(columns, v));
  orthogonalise(left, right);
  const sizes = left.map(norm);
  const order = sizes.map((_, i) => i).sort((a, b) => sizes[b]! - sizes[a]!);
  const largest = sizes[order[0]!]!;
  const units: Float64Array[] = [];
  for (const i of order)
    units.push(sizes[i]! > VANISHING * largest ? left[i]!.map((x) => x / sizes[i]!) : orthogonalTo(units, length));
  const others = order.map((i) => right[i]!);
  const [u, v] = isTall ? [units, others] : [others, units];
  return {
    u: tensorOf([out, rank], (row, i) => u[i]![row]!),
    sigma: { shape: [rank], data: Float32Array.from(order, (i) => sizes[i]!) },
    vT: tensorOf([rank, width], (i, column) => v[i]![column]!),
  };
}

/** Decomposes every projection of a model. What depends on them is by far more often computed than they are: keep them. */
export function decompose(weights: Weights): Map<string, SingularValues> {
  return new Map(projectionsOf(weights).map((name) => [name, singularValues(weights.get(name)!)]));
}

/** The matrices whose singular values experts scale: every projection of the layers. */
export function projectionsOf(weights: Weights): string[] {
  return [...weights.keys()].filter(isProjection);
}

/** The columns of a matrix, or its rows where there are fewer of them. */
function columnsOf({ shape, data }: WeightTensor, isTall: boolean): Float64Array[] {
  const [out, width] = shape as [number, number];
  return isTall
    ? Array.from({ length: width }, (_, c) => Float64Array.from({ length: out }, (__, r) => data[r * width + c]!))
    : Array.from({ length: out }, (_, r) => Float64Array.from(data.subarray(r * width, (r + 1) * width)));
}

/** Of the products of all pairs of columns. */
function eigenvectors(columns: readonly Float64Array[]): Float64Array[] {
  const gram = columns.map((a, i) => Float64Array.from(columns, (b, j) => (j <= i ? dot(a, b) : 0)));
  const symmetric = new Matrix(gram.map((row, i) => row.map((x, j) => (j <= i ? x : gram[j]![i]!))));
  const { eigenvectorMatrix } = new EigenvalueDecomposition(symmetric, { assumeSymmetric: true });
  return columns.map((_, i) => Float64Array.from(eigenvectorMatrix.getColumn(i)));
}

function combine(columns: readonly Float64Array[], factors: Float64Array): Float64Array {
  const sum = new Float64Array(columns[0]!.length);
  columns.forEach((column, k) => {
    const factor = factors[k]!;
    for (let i = 0; i < sum.length; i++) sum[i]! += factor * column[i]!;
  });
  return sum;
}

function tensorOf(shape: readonly [number, number], at: (row: number, column: number) => number): WeightTensor {
  const [rows, columns] = shape;
  return {
    shape,
    data: Float32Array.from({ length: rows * columns }, (_, k) => at(Math.floor(k / columns), k % columns)),
  };
}
