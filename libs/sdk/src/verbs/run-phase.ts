import type { PhaseRunRequest, RunView } from '@agent-forge/contracts';
import { sendForJson, type Connection } from '../http/connection.js';

/**
 * Asks for a run of one phase alone.
 * @throws ForgeError NOT_FOUND, INVALID_ARGUMENT naming what is wrong, and those of every request
 */
export function runPhase(connection: Connection, phase: string, request: PhaseRunRequest): Promise<RunView> {
  return sendForJson(connection, {
    method: 'POST',
    path: `/v1/phases/${encodeURIComponent(phase)}/runs`,
    json: request,
  });
}
