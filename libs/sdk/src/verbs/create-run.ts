import type { RunRequest, RunView } from '@agent-forge/contracts';
import { sendForJson, type Connection } from '../http/connection.js';

/** Asks for a run. @throws ForgeError INVALID_ARGUMENT naming what is wrong with the recipe, and those of every request */
export function createRun(connection: Connection, request: RunRequest): Promise<RunView> {
  return sendForJson(connection, { method: 'POST', path: '/v1/runs', json: request });
}
