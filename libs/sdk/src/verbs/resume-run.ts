import type { RunView } from '@agent-forge/contracts';
import { sendForJson, type Connection } from '../http/connection.js';

/**
 * Goes on with a run that is paused.
 * @throws ForgeError NOT_FOUND, RUN_CONFLICT when it makes no sense in the run's state, and those of every request
 */
export function resumeRun(connection: Connection, run: string): Promise<RunView> {
  return sendForJson(connection, {
    method: 'POST',
    path: `/v1/runs/${encodeURIComponent(run)}:resume`,
    json: {},
  });
}
