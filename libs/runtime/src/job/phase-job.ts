import type { WorkerContext } from '@agent-forge/tensor/worker';
import { FsArtifactStore } from '@agent-forge/artifacts-fs';
import { LocalHost, type Phase, type PhaseInput, type PhaseProgress } from '@agent-forge/phases';
import type { PhaseOutcome } from '@agent-forge/run';
import { runPhase } from './run-phase.js';

/** A person sees about this many changes a second; more would only fill the progress stream. */
const PROGRESS_INTERVAL_MS = 250;

/** What the thread that runs a phase is given. */
export interface PhaseJob {
  /** URL of the module that exports the phase as `phase`. */
  readonly module: string;
  readonly input: PhaseInput;
  readonly artifactsDir: string;
  readonly workDir: string;
  readonly threads: number;
  readonly codeVersion: string;
}

/** Runs one attempt of a phase; called in a worker thread, so that the service keeps answering however long it takes. */
export async function run(
  { module, input, artifactsDir, ...rest }: PhaseJob,
  { signal, progress }: WorkerContext<PhaseProgress>,
): Promise<PhaseOutcome> {
  const { phase } = (await import(module)) as { phase: Phase };
  const artifacts = await FsArtifactStore.open(artifactsDir);
  const host = new LocalHost({ phase, artifacts, signal, ...rest });
  return runPhase(phase, {
    ...host,
    ...input,
    ...rest,
    checkpoint: undefined,
    artifacts,
    signal,
    report: throttled(progress),
  });
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
