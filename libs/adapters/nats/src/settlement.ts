import type { ForgeError } from '@agent-forge/contracts';

/** What becomes of a message whose handler is done. */
export type Settlement =
  /** It is done with. */
  | { do: 'ack' }
  /** It is delivered again after `delayMs`. */
  | { do: 'retry'; delayMs: number }
  /** It belongs to another delivery by now; whatever we said about it would be taken for that one's word. */
  | { do: 'leave' }
  /** It is moved to the dead-letter stream. */
  | { do: 'bury'; cause: ForgeError };
