import { Matrix, SingularValueDecomposition } from 'ml-matrix';
import type { WeightTensor, Weights } from '../weights.js';
import { isTernary } from '../ternary/mark.js';

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

/** Whether a weight's singular values can be scaled: every projection of the layers, which are the same matrices that a ternary model quantises. */
export const isScaled = isTernary;

/** The singular values and vectors of a matrix, computed in float64. */
export function singularValues({ shape, data }: WeightTensor): SingularValues {
  const [out, width] = shape as [number, number];
  const rows = Array.from({ length: out }, (_, row) => data.subarray(row * width, (row + 1) * width));
  const found = new SingularValueDecomposition(new Matrix(rows), { autoTranspose: true });
  const rank = Math.min(out, width);
  const { leftSingularVectors: u, rightSingularVectors: v, diagonal } = found;
  // The library sorts them, but for rounding among equal ones.
  const order = Array.from({ length: rank }, (_, i) => i).sort((a, b) => diagonal[b]! - diagonal[a]!);
  return {
    u: tensor([out, rank], (row, i) => u.get(row, order[i]!)),
    sigma: { shape: [rank], data: Float32Array.from(order, (i) => diagonal[i]!) },
    vT: tensor([rank, width], (i, column) => v.get(column, order[i]!)),
  };
}

/**
 * Decomposes every projection of a model. What depends on them is by far more often computed than they are: keep them.
 * @param onProgress hears the share of the matrices that are done
 */
export function decompose(weights: Weights, onProgress?: (share: number) => void): Map<string, SingularValues> {
  const names = [...weights.keys()].filter(isScaled);
  return new Map(
    names.map((name, i) => {
      const found = singularValues(weights.get(name)!);
      onProgress?.((i + 1) / names.length);
      return [name, found];
    }),
  );
}

function tensor(shape: readonly [number, number], at: (row: number, column: number) => number): WeightTensor {
  const [rows, columns] = shape;
  return {
    shape,
    data: Float32Array.from({ length: rows * columns }, (_, k) => at(Math.floor(k / columns), k % columns)),
  };
}
