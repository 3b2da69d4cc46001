import { mkdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { Lineage } from '@agent-forge/contracts';
import { readCheckpoint, writeCheckpoint, type TrainState } from '@agent-forge/model';
import type { TaskContext } from '../task.js';

const FILE = 'checkpoint.safetensors';

/** Keeps where a training stands, so that a task that is killed goes on from there. @param settings what else it remembers */
export async function keepTraining(
  { workDir, artifacts, saveCheckpoint }: Pick<TaskContext, 'workDir' | 'artifacts' | 'saveCheckpoint'>,
  state: TrainState,
  settings: unknown,
  lineage: Lineage,
): Promise<void> {
  const dir = join(workDir, 'checkpoint');
  await rm(dir, { recursive: true, force: true });
  await mkdir(dir);
  await writeCheckpoint(join(dir, FILE), state, settings);
  const artifact = await artifacts.putFolder(dir, 'checkpoint', { kind: 'checkpoint', lineage });
  await saveCheckpoint({ state: { step: state.step }, artifacts: [artifact] });
}

/** What {@link keepTraining} kept last; undefined for a task that begins. */
export async function keptTraining<S>({
  checkpoint,
  artifacts,
  workDir,
}: Pick<TaskContext, 'checkpoint' | 'artifacts' | 'workDir'>): Promise<{ state: TrainState; settings: S } | undefined> {
  const artifact = checkpoint?.artifacts[0];
  if (artifact === undefined) return undefined;
  const dir = join(workDir, 'resumed');
  await artifacts.materialise(artifact.id, dir);
  return readCheckpoint<S>(join(dir, FILE));
}
