import { ForgeError, MAX_CHECKPOINT_STATE_BYTES } from '@agent-forge/contracts';
import type { Checkpoint } from './task.js';

/**
 * Every host asks this before it saves a checkpoint.
 * @param owner the phase, or the task and its phase, for the message
 * @throws ForgeError PAYLOAD_TOO_LARGE when the state, as JSON, has over {@link MAX_CHECKPOINT_STATE_BYTES}
 */
export function assertCheckpointFits(owner: string, { state }: Pick<Checkpoint, 'state'>): void {
  const sizeBytes = Buffer.byteLength(JSON.stringify(state));
  if (sizeBytes <= MAX_CHECKPOINT_STATE_BYTES) return;
  throw new ForgeError(
    'PAYLOAD_TOO_LARGE',
    `a checkpoint of ${owner} has ${sizeBytes} bytes of state, over ${MAX_CHECKPOINT_STATE_BYTES}; store what is large as an artifact and name it`,
  );
}
