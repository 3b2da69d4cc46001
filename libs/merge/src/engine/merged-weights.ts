import { ForgeError } from '@agent-forge/contracts';
import type { LazyWeights } from '@agent-forge/model';
import { ValueOutput } from '../output.js';
import type { MergePlan } from '../plan/plan.js';
import { elementCount, mergeTensor, readOperands } from './merge-tensor.js';

/** The merged model as weights that are computed when they are read, one tensor at a time, in this thread. */
export function mergedWeights({ work, sources }: MergePlan): LazyWeights {
  const byName = new Map(work.tensors.map((planned) => [planned.name, planned]));
  return {
    shapes: new Map(work.tensors.map(({ name, shape }) => [name, shape])),
    read: async (name) => {
      const planned = byName.get(name);
      if (planned === undefined) throw new ForgeError('NOT_FOUND', `the merge has no tensor ${name}`);
      const data = new Float32Array(elementCount(planned.shape));
      const operands = await readOperands(planned, (source, tensor) => sources[source]!.operand(tensor, work.cast));
      mergeTensor(work, planned, operands, new ValueOutput(data));
      return { shape: planned.shape, data };
    },
  };
}
