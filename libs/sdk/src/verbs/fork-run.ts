import type { RedoRequest, RunView } from '@agent-forge/contracts';
import { sendForJson, type Connection } from '../http/connection.js';

/**
 * Makes a new run that does a phase and all behind it anew and takes over the results before it.
 * @throws ForgeError NOT_FOUND, RUN_CONFLICT when it makes no sense in the run's state, and those of every request
 */
export function forkRun(connection: Connection, run: string, redo: RedoRequest): Promise<RunView> {
  return sendForJson(connection, {
    method: 'POST',
    path: `/v1/runs/${encodeURIComponent(run)}:fork`,
    json: redo,
  });
}
