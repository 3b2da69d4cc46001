import type { ArtifactName, Json } from '@agent-forge/contracts';
import type { PhaseContext } from '../phase.js';
import type { TaskProgress } from '../task.js';
import { noteRollbacks } from './note-rollbacks.js';
import type { TrainInput } from './train-task.js';

/** Has trainings done by whichever replicas are free, and says which of them diverged on the way. @returns the models, in the order of the inputs */
export async function runTrainings(
  { runTasks, note }: Pick<PhaseContext, 'runTasks' | 'note'>,
  inputs: readonly TrainInput[],
  onProgress: (role: string, progress: TaskProgress) => void,
): Promise<ArtifactName[]> {
  const outputs = await runTasks('train', inputs as unknown as Json[], (index, now) =>
    onProgress(inputs[index]!.role, now),
  );
  for (const [i, output] of outputs.entries()) {
    const { role } = inputs[i]!;
    onProgress(role, { fraction: 1 });
    await noteRollbacks({ note }, role, output);
  }
  return outputs.map(({ artifacts }) => artifacts[0]!);
}
