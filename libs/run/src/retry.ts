/** Attempts of one phase that end in a transient error or in silence before the phase fails for good. */
export const MAX_ATTEMPTS = 5;

/** Waits before the second, third ... attempt: long enough for a broker or a disk to recover, short enough for a person who watches. */
const DELAYS_MS = [1_000, 5_000, 15_000, 30_000];

/** How long to wait before the next attempt, after `failures` that counted (at least 1). */
export function retryDelayMs(failures: number): number {
  return DELAYS_MS[Math.min(Math.max(failures, 1), DELAYS_MS.length) - 1]!;
}
