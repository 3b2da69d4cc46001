import type { RunView } from '@agent-forge/contracts';
import { sendForJson, type Connection } from '../http/connection.js';

/**
 * Stops work on a run until it is resumed; pausing one that is paused changes nothing.
 * @throws ForgeError NOT_FOUND, RUN_CONFLICT when it makes no sense in the run's state, and those of every request
 */
export function pauseRun(connection: Connection, run: string, reason = ''): Promise<RunView> {
  return sendForJson(connection, {
    method: 'POST',
    path: `/v1/runs/${encodeURIComponent(run)}:pause`,
    json: { reason },
  });
}
