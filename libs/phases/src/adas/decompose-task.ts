import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { Json } from '@agent-forge/contracts';
import { decompose, readModelFolder, writeDecomposition } from '@agent-forge/model';
import type { TaskContext, TaskOutput } from '../task.js';

/** Name of the file with the singular values and vectors. */
export const DECOMPOSITION_FILE = 'decomposition.safetensors';

/** A decomposition: all that it depends on. */
export interface DecomposeInput {
  readonly from: string;
}

/** Decomposes the matrices of a model once for all experts. It has no checkpoints: a billion weights take minutes. */
export async function decomposeTask(input: Json, context: TaskContext): Promise<TaskOutput> {
  const { from } = input as unknown as DecomposeInput;
  await context.artifacts.materialise(from, join(context.workDir, 'start'));
  const { weights } = await readModelFolder(join(context.workDir, 'start'));
  const dir = join(context.workDir, 'decomposition');
  await mkdir(dir);
  const found = decompose(weights, (fraction) => {
    context.signal.throwIfAborted();
    context.report({ fraction });
  });
  await writeDecomposition(join(dir, DECOMPOSITION_FILE), found);
  const { codeVersion } = context;
  const lineage = { parents: [from], data: [], phase: 'adas', params: {}, seed: null, codeVersion, metrics: {} };
  const artifact = await context.artifacts.putFolder(dir, 'decomposition', { kind: 'checkpoint', lineage });
  return { value: null, artifacts: [artifact] };
}
