import type { WorkerContext } from '@agent-forge/tensor/worker';
import { LocalHost, type Phase, type PhaseInput, type PhaseProgress } from '@agent-forge/phases';
import type { PhaseOutcome } from '@agent-forge/run';
import { openStore, type StoreLocation } from '../open-store.js';
import { runPhase } from './run-phase.js';

/** A person sees about this many changes a second; more would only fill the progress stream. */
const PROGRESS_INTERVAL_MS = 250;

/** What the thread that runs a phase is given. */
export interface PhaseJob {
  /** URL of the module that exports the phase as `phase`. */
  readonly module: string;
  readonly input: PhaseInput;
  readonly artifacts: StoreLocation;
  readonly workDir: string;
  readonly threads: number;
  readonly codeVersion: string;
}

/** Runs one attempt of a phase; called in a worker thread, so that the service keeps answering however long it takes. */
export async function run(
  { module, input, artifacts: location, ...rest }: PhaseJob,
  { signal, progress }: WorkerContext<PhaseProgress>,
): Promise<PhaseOutcome> {
  const { phase } = (await import(module)) as { phase: Phase };
  const { store: artifacts, close } = await openStore(location);
  const host = new LocalHost({ phase, artifacts, signal, ...rest });
  try {
    return await runPhase(phase, {
      ...host,
      ...input,
      ...rest,
      checkpoint: undefined,
      artifacts,
      signal,
      report: throttled(progress),
    });
  } finally {
    await close();
  }
}

/** Passes on the first word of a stage, its last, and in between as many as the interval allows. */
function throttled(progress: (progress: PhaseProgress) => void): (progress: PhaseProgress) => void {
  let lastStage = '';
  let lastTimeMs = 0;
  return (latest) => {
    const now = performance.now();
    const isLast = latest.step !== undefined && latest.step === latest.steps;
    if (latest.stage === lastStage && !isLast && now - lastTimeMs < PROGRESS_INTERVAL_MS) return;
    lastStage = latest.stage;
    lastTimeMs = now;
    progress(latest);
  };
}
