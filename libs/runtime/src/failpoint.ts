/** Where the hand-off protocol can be cut: between any two of its steps. */
export type Failpoint = 'after-claim' | 'before-append' | 'before-settle' | 'before-ack';

/**
 * Kills this process, as a crash would, when `FORGE_FAILPOINT` names this place. For the tests that prove that every gap of the protocol is
 * harmless; unset, it does nothing.
 */
export function failpoint(place: Failpoint): void {
  if (process.env['FORGE_FAILPOINT'] === place) process.kill(process.pid, 'SIGKILL');
}
