/** One pull request waits for messages for this long; the next follows at once. */
export const PULL_EXPIRES_MS = 10_000;
/** The broker shows that it is there at this pace; two missed end the pull, so that a restarted broker is asked again soon. */
export const PULL_HEARTBEAT_MS = 1_000;
