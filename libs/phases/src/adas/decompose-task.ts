import { mkdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { ForgeError, type ArtifactName, type Json } from '@agent-forge/contracts';
import {
  projectionsOf,
  readDecomposition,
  readModelFolder,
  singularValues,
  writeDecomposition,
  type Decomposition,
  type SingularValues,
} from '@agent-forge/model';
import { CHECKPOINT_SECONDS } from '../shared/limits.js';
import type { TaskContext, TaskOutput } from '../task.js';

/** Name of the file with the singular values and vectors. */
export const DECOMPOSITION_FILE = 'decomposition.safetensors';

/** A decomposition: all that it depends on. */
export interface DecomposeInput {
  readonly from: string;
}

/** Decomposes the matrices of a model once for all experts. A checkpoint has those that are done. */
export async function decomposeTask(input: Json, context: TaskContext): Promise<TaskOutput> {
  const { from } = input as unknown as DecomposeInput;
  await context.artifacts.materialise(from, join(context.workDir, 'start'));
  const { weights } = await readModelFolder(join(context.workDir, 'start'));
  const names = projectionsOf(weights);
  const found = await doneBefore(context);
  let savedMs = performance.now();
  for (const name of names) {
    if (found.has(name)) continue;
    const isDue = context.signal.aborted || performance.now() - savedMs > 1000 * CHECKPOINT_SECONDS;
    if (isDue && found.size > 0) {
      const artifact = await store(context, from, found, 'checkpoint');
      await context.saveCheckpoint({ state: { matrices: found.size }, artifacts: [artifact] });
      savedMs = performance.now();
    }
    if (context.signal.aborted)
      throw new ForgeError('CANCELLED', `the decomposition was stopped at matrix ${found.size} of ${names.length}`);
    found.set(name, singularValues(weights.get(name)!));
    context.report({ fraction: found.size / names.length });
  }
  return { value: null, artifacts: [await store(context, from, found, 'decomposition')] };
}

async function doneBefore({ checkpoint, artifacts, workDir }: TaskContext): Promise<Map<string, SingularValues>> {
  const artifact = checkpoint?.artifacts[0];
  if (artifact === undefined) return new Map();
  const dir = join(workDir, 'resumed');
  await artifacts.materialise(artifact.id, dir);
  return new Map(await readDecomposition(join(dir, DECOMPOSITION_FILE)));
}

async function store(
  { workDir, artifacts, codeVersion }: TaskContext,
  from: string,
  found: Decomposition,
  role: string,
): Promise<ArtifactName> {
  const dir = join(workDir, role);
  await rm(dir, { recursive: true, force: true });
  await mkdir(dir);
  await writeDecomposition(join(dir, DECOMPOSITION_FILE), found);
  const lineage = { parents: [from], data: [], phase: 'adas', params: {}, seed: null, codeVersion, metrics: {} };
  return artifacts.putFolder(dir, role, { kind: 'checkpoint', lineage });
}
