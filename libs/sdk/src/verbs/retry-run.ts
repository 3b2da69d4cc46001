import type { RedoRequest, RunView } from '@agent-forge/contracts';
import { sendForJson, type Connection } from '../http/connection.js';

/**
 * Does a phase and all behind it anew, with some parameters replaced.
 * @throws ForgeError NOT_FOUND, RUN_CONFLICT when it makes no sense in the run's state, and those of every request
 */
export function retryRun(connection: Connection, run: string, redo: RedoRequest): Promise<RunView> {
  return sendForJson(connection, {
    method: 'POST',
    path: `/v1/runs/${encodeURIComponent(run)}:retry`,
    json: redo,
  });
}
