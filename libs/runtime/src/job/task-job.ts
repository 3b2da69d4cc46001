import { ForgeError, type Json } from '@agent-forge/contracts';
import type { Checkpoint, Phase, TaskOutput, TaskProgress } from '@agent-forge/phases';
import type { WorkerContext } from '@agent-forge/tensor/worker';
import { openStore, type StoreLocation } from '../open-store.js';
import { throttled } from './throttled.js';

/** What the thread that does a task is given. */
export interface TaskJob {
  /** URL of the module that exports the phase as `phase`. */
  readonly module: string;
  /** The task's name in the phase. */
  readonly task: string;
  readonly input: Json;
  readonly artifacts: StoreLocation;
  readonly workDir: string;
  readonly threads: number;
  readonly codeVersion: string;
  readonly checkpoint: Checkpoint | undefined;
}

/** Does one task; called in a worker thread. */
export async function run(
  { module, task: name, input, artifacts: location, ...rest }: TaskJob,
  { signal, progress, ask }: WorkerContext<TaskProgress>,
): Promise<TaskOutput> {
  const { phase } = (await import(module)) as { phase: Phase };
  const task = phase.tasks?.[name];
  if (task === undefined) throw new ForgeError('INTERNAL', `${phase.name} has no task ${name}`);
  const { store: artifacts, close } = await openStore(location);
  try {
    return await task(input, {
      ...rest,
      artifacts,
      signal,
      saveCheckpoint: async (checkpoint) => void (await ask('saveCheckpoint', checkpoint)),
      report: throttled(progress, () => ''),
    });
  } finally {
    await close();
  }
}
