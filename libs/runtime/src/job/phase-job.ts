import type { WorkerContext } from '@agent-forge/tensor/worker';
import {
  runPhase,
  type Bounds,
  type Checkpoint,
  type Phase,
  type PhaseInput,
  type PhaseProgress,
} from '@agent-forge/phases';
import type { PhaseOutcome } from '@agent-forge/run';
import { openStore, type StoreLocation } from '../open-store.js';
import { RemoteHost } from '../thread/remote-host.js';
import { throttled } from './throttled.js';

/** What the thread that runs a phase is given. */
export interface PhaseJob {
  /** URL of the module that exports the phase as `phase`. */
  readonly module: string;
  readonly input: PhaseInput;
  /** The recipe's bounds for the phase's metrics. */
  readonly gates: Bounds;
  readonly checkpoint: Checkpoint | undefined;
  readonly artifacts: StoreLocation;
  readonly workDir: string;
  readonly threads: number;
  readonly codeVersion: string;
}

/** Runs one attempt of a phase; called in a worker thread, so that the service keeps answering however long it takes. */
export async function run(
  { module, input, artifacts: location, checkpoint, gates, ...rest }: PhaseJob,
  worker: WorkerContext<PhaseProgress>,
): Promise<PhaseOutcome> {
  const { phase } = (await import(module)) as { phase: Phase };
  const { store: artifacts, close } = await openStore(location);
  const { signal, progress } = worker;
  const report = throttled(progress, ({ stage }) => stage);
  const { saveCheckpoint, plan, note, runTasks } = new RemoteHost(checkpoint, worker);
  const host = { checkpoint, saveCheckpoint, plan, note, runTasks };
  try {
    return await runPhase(phase, { ...input, ...rest, ...host, artifacts, signal, report }, gates);
  } finally {
    await close();
  }
}
