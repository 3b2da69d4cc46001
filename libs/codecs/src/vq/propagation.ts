/** Part of the mean of the diagonal that is added to it, so that inputs which never vary divide nothing by 0. */
const DAMPING = 0.01;

/**
 * What an error in one input should be made up for by the inputs after it: the upper Cholesky factor of the inverse of the damped moments (Frantar et al. 2022,
 * arXiv:2210.17323, section 3).
 * @param moments [size, size]
 * @param order of the inputs
 * @returns [size, size] in that order
 */
export function propagation(moments: Float64Array, size: number, order: readonly number[]): Float64Array {
  let mean = 0;
  for (let i = 0; i < size; i++) mean += moments[i * size + i]! / size;
  const damped = new Float64Array(size * size);
  for (let i = 0; i < size; i++)
    for (let j = 0; j < size; j++)
      damped[i * size + j] = moments[order[i]! * size + order[j]!]! + (i === j ? DAMPING * mean : 0);
  // An upper factor R with RᵀR = A⁻¹ comes from the reversed matrix: where J A J = L Lᵀ, R = J L⁻¹ J.
  const lower = cholesky(reversed(damped, size), size);
  return reversed(inverseOfLower(lower, size), size);
}

/** Inputs by how much they vary, the most first. */
export function importanceOrder(moments: Float64Array, size: number): number[] {
  const diagonal = Array.from({ length: size }, (_, i) => moments[i * size + i]!);
  return diagonal.map((_, i) => i).sort((a, b) => diagonal[b]! - diagonal[a]! || a - b);
}

function reversed(a: Float64Array, size: number): Float64Array {
  const out = new Float64Array(size * size);
  for (let i = 0; i < size * size; i++) out[i] = a[size * size - 1 - i]!;
  return out;
}

function cholesky(a: Float64Array, size: number): Float64Array {
  const l = new Float64Array(size * size);
  for (let i = 0; i < size; i++)
    for (let j = 0; j <= i; j++) {
      let sum = a[i * size + j]!;
      for (let k = 0; k < j; k++) sum -= l[i * size + k]! * l[j * size + k]!;
      l[i * size + j] = i === j ? Math.sqrt(Math.max(sum, Number.MIN_VALUE)) : sum / l[j * size + j]!;
    }
  return l;
}

function inverseOfLower(l: Float64Array, size: number): Float64Array {
  const inverse = new Float64Array(size * size);
  for (let i = 0; i < size; i++) {
    // Row i of the inverse: (eᵢ − Σ_{k<i} l[i,k] · row k) / l[i,i].
    for (let k = 0; k < i; k++) {
      const factor = l[i * size + k]!;
      for (let j = 0; j <= k; j++) inverse[i * size + j]! -= factor * inverse[k * size + j]!;
    }
    inverse[i * size + i] = 1;
    for (let j = 0; j <= i; j++) inverse[i * size + j]! /= l[i * size + i]!;
  }
  return inverse;
}
