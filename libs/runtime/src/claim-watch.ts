import { HEARTBEAT_MS, type RunLog } from '@agent-forge/nats';
import { holds, phaseOf } from '@agent-forge/run';

/** Which claim is watched. */
export interface WatchedClaim {
  tenant: string;
  run: string;
  phase: string;
  attempt: number;
  worker: string;
}

/**
 * Looks at the log, as often as a heartbeat is sent, whether the claim still counts: a run that was cancelled, or a phase that another worker
 * has taken over, makes further work useless. A log that cannot be read says nothing; the compare-and-set at the end is what keeps things right.
 * @param shutdown aborts as well
 * @returns a signal that aborts when the work is no longer wanted, and the way to stop watching
 */
export function watchClaim(
  log: RunLog,
  claim: WatchedClaim,
  shutdown: AbortSignal,
): { signal: AbortSignal; stop(): void } {
  const lost = new AbortController();
  const timer = setInterval(() => void look(), HEARTBEAT_MS);
  const stop = () => clearInterval(timer);
  let isLooking = false;

  async function look(): Promise<void> {
    // A broker that answers slowly is not asked again meanwhile.
    if (isLooking) return;
    isLooking = true;
    try {
      const { state } = await log.load(claim.tenant, claim.run);
      const phase = state && phaseOf(state, claim.phase);
      if (state?.status === 'running' && phase && holds(phase, claim.attempt, claim.worker)) return;
      stop();
      lost.abort();
    } catch {
      // The broker is away; the next look may tell.
    } finally {
      isLooking = false;
    }
  }
  return { signal: AbortSignal.any([lost.signal, shutdown]), stop };
}
