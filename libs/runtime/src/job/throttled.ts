/** A person sees about this many changes a second; more would only fill the progress stream. */
const PROGRESS_INTERVAL_MS = 250;

/** Passes on the first word of a stage, its last, and in between as many as the interval allows. */
export function throttled<P extends { step?: number; steps?: number }>(
  progress: (progress: P) => void,
  stageOf: (progress: P) => string,
): (progress: P) => void {
  let lastStage: string | undefined;
  let lastTimeMs = 0;
  return (latest) => {
    const now = performance.now();
    const isLast = latest.step !== undefined && latest.step === latest.steps;
    const stage = stageOf(latest);
    if (stage === lastStage && !isLast && now - lastTimeMs < PROGRESS_INTERVAL_MS) return;
    lastStage = stage;
    lastTimeMs = now;
    progress(latest);
  };
}
