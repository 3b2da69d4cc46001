import { parentPort, workerData } from 'node:worker_threads';
import { ForgeError } from '@agent-forge/contracts';
import { FsArtifactStore } from '@agent-forge/artifacts-fs';
import type { Phase, PhaseProgress } from '@agent-forge/phases';
import { ABORT, type JobData, type JobMessage } from './messages.js';
import { runPhase } from './run-phase.js';

/** A person sees about this many changes a second; more would only fill the progress stream. */
const PROGRESS_INTERVAL_MS = 250;

const data = workerData as JobData;
const port = parentPort!;
const say = (message: JobMessage) => port.postMessage(message);

const aborter = new AbortController();
port.on(
  'message',
  (message) => message === ABORT && aborter.abort(new ForgeError('CANCELLED', 'the work is no longer wanted')),
);

/** Passes on the first word of a stage, its last, and in between as many as the interval allows. */
function throttled(): (progress: PhaseProgress) => void {
  let lastStage = '';
  let lastTimeMs = 0;
  return (progress) => {
    const now = performance.now();
    const isLast = progress.step !== undefined && progress.step === progress.steps;
    if (progress.stage === lastStage && !isLast && now - lastTimeMs < PROGRESS_INTERVAL_MS) return;
    lastStage = progress.stage;
    lastTimeMs = now;
    say({ type: 'progress', progress });
  };
}

try {
  const { phase } = (await import(data.module)) as { phase: Phase };
  const outcome = await runPhase(phase, {
    ...data.input,
    artifacts: await FsArtifactStore.open(data.artifactsDir),
    workDir: data.workDir,
    threads: data.threads,
    codeVersion: data.codeVersion,
    signal: aborter.signal,
    report: throttled(),
  });
  say({ type: 'done', outcome });
} catch (thrown) {
  const { code, message, stack = '' } = ForgeError.from(thrown);
  say({ type: 'failed', code, message, stack });
} finally {
  port.close();
}
