import { ForgeError } from '@agent-forge/contracts';

/** What a shell reports for a program that SIGINT ended. */
const EXIT_INTERRUPTED = 130;

/**
 * Runs something with a signal that aborts (with CANCELLED) on the first Ctrl-C or SIGTERM, so that it can end things in order. A second
 * Ctrl-C ends this process at once; its services notice that it is gone and end by themselves.
 */
export async function withInterruption<T>(work: (signal: AbortSignal) => Promise<T>): Promise<T> {
  const interrupted = new AbortController();
  const onSignal = () => {
    if (interrupted.signal.aborted) process.exit(EXIT_INTERRUPTED);
    interrupted.abort(new ForgeError('CANCELLED', 'stopped'));
  };
  process.on('SIGINT', onSignal).on('SIGTERM', onSignal);
  try {
    return await work(interrupted.signal);
  } finally {
    process.off('SIGINT', onSignal).off('SIGTERM', onSignal);
  }
}
