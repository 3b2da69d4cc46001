import { Rng } from '@agent-forge/contracts/core';
import { DTYPE_BITS } from '@agent-forge/model/storage';
import { withScratch } from '../math/scratch.js';
import { AlignedOperand } from './aligned-operand.js';
import { FirstValues } from './first-values.js';
import { MERGE_METHODS } from '../methods/index.js';
import type { Operand } from '../operand.js';
import type { MergeOutput } from '../output.js';
import type { MergeWork, PlannedInput, PlannedTensor } from '../plan/plan.js';

/** Reads a tensor of the model with this index. */
export type ReadOperand = (source: number, tensor: string) => Promise<Operand>;

export function elementCount(shape: readonly number[]): number {
  return shape.reduce((a, b) => a * b, 1);
}

/** Size of a tensor of the result in its type. */
export function storedBytes({ shape, dtype }: PlannedTensor): number {
  return (elementCount(shape) * DTYPE_BITS[dtype]) / 8;
}

/** Reads everything that goes into one tensor of the result. */
export async function readOperands({ base, inputs }: PlannedTensor, read: ReadOperand): Promise<Operand[]> {
  return Promise.all([...(base ? [base] : []), ...inputs].map(({ source, tensor }) => read(source, tensor)));
}

/**
 * Computes one tensor of the result.
 * @param operands what {@link readOperands} read for it
 * @param out as long as the tensor; every element is written
 */
export function mergeTensor(
  work: MergeWork,
  planned: PlannedTensor,
  operands: readonly Operand[],
  out: MergeOutput,
): void {
  const { name, shape, shared, base, inputs } = planned;
  const tensors = fitted(planned, operands, out.length);
  const others = base === null ? tensors : tensors.slice(1);
  const group = {
    name,
    shape,
    shared,
    base: base === null ? null : tensors[0]!,
    inputs: inputs.map(({ parameters, position }: PlannedInput, i) => {
      const random = () => Rng.derive(work.seed, 'merge', name, position);
      return { tensor: others[i]!, parameters, random };
    }),
  };
  withScratch(() => MERGE_METHODS.get(work.method)!.merge(group, out));
}

/** Tensors of the result's shape. */
function fitted({ shape, alignment }: PlannedTensor, operands: readonly Operand[], length: number): Operand[] {
  if (alignment !== null) return operands.map((_, i) => new AlignedOperand(operands, i, alignment, shape));
  // Rows of a larger vocabulary than the result's are behind those that are taken.
  return operands.map((operand) => (operand.length === length ? operand : new FirstValues(operand, length)));
}
