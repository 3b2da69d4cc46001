import { Rng } from '@agent-forge/contracts';
import type { DType } from '../ir/dtype.js';

/** A small tensor of a test, in C order. Without `dtype` it takes the float type of the graph it is fed to. */
export interface Operand {
  readonly shape: readonly number[];
  readonly values: readonly number[];
  readonly dtype?: DType;
}

export function operand(shape: readonly number[], values: readonly number[]): Operand {
  return { shape, values };
}

/** Number of elements of a known shape. */
export function count(shape: readonly number[]): number {
  return shape.reduce((n, d) => n * d, 1);
}

export function zeros(shape: readonly number[]): Operand {
  return { shape, values: Array.from({ length: count(shape) }, () => 0) };
}

/** Seeded uniform numbers; the label names the stream. */
export function uniform(label: string, shape: readonly number[], [low, high] = [-2, 2]): Operand {
  const rng = Rng.derive(0, 'tensor-test', label);
  return { shape, values: Array.from({ length: count(shape) }, () => low! + (high! - low!) * rng.float()) };
}

/** Seeded whole numbers in [0, n). */
export function integers(label: string, shape: readonly number[], n: number, dtype: DType = 'int64'): Operand {
  const rng = Rng.derive(0, 'tensor-test', label);
  return { shape, values: Array.from({ length: count(shape) }, () => rng.int(n)), dtype };
}
