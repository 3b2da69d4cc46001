import { Rng } from '@agent-forge/contracts';
import { AlignedOperand } from './aligned-operand.js';
import { MERGE_METHODS } from '../methods/index.js';
import type { Operand, StoredOperand } from '../operand.js';
import type { MergeWork, PlannedInput, PlannedTensor } from '../plan/plan.js';

/** Reads a tensor of the model with this index. */
export type ReadOperand = (source: number, tensor: string) => Promise<StoredOperand>;

export function elementCount(shape: readonly number[]): number {
  return shape.reduce((a, b) => a * b, 1);
}

/** Reads everything that goes into one tensor of the result. */
export async function readOperands({ base, inputs }: PlannedTensor, read: ReadOperand): Promise<StoredOperand[]> {
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
  operands: readonly StoredOperand[],
  out: Float32Array,
): void {
  const { name, shape, shared, base, inputs } = planned;
  const tensors = fitted(planned, operands, out.length);
  const others = base === null ? tensors : tensors.slice(1);
  MERGE_METHODS.get(work.method)!.merge(
    {
      name,
      shape,
      shared,
      base: base === null ? null : tensors[0]!,
      inputs: inputs.map(({ parameters, position }: PlannedInput, i) => {
        const random = () => Rng.derive(work.seed, 'merge', name, position);
        return { tensor: others[i]!, parameters, random };
      }),
    },
    out,
  );
}

/** Tensors of the result's shape. */
function fitted({ shape, alignment }: PlannedTensor, operands: readonly StoredOperand[], length: number): Operand[] {
  if (alignment !== null) return operands.map((_, i) => new AlignedOperand(operands, i, alignment, shape));
  // Rows of a larger vocabulary than the result's are behind those that are taken.
  return operands.map((operand) => operand.first(length));
}
