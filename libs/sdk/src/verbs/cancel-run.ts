import type { RunView } from '@agent-forge/contracts';
import { sendForJson, type Connection } from '../http/connection.js';

/**
 * Ends a run; cancelling one that is cancelled changes nothing.
 * @throws ForgeError NOT_FOUND, RUN_CONFLICT when the run has ended otherwise, and those of every request
 */
export function cancelRun(connection: Connection, run: string, reason = ''): Promise<RunView> {
  return sendForJson(connection, {
    method: 'POST',
    path: `/v1/runs/${encodeURIComponent(run)}:cancel`,
    json: { reason },
  });
}
