import type { PhaseList } from '@agent-forge/contracts';
import { sendForJson, type Connection } from '../http/connection.js';

/** The phases that the system has, with the JSON Schema of their parameters. */
export function listPhases(connection: Connection): Promise<PhaseList> {
  return sendForJson(connection, { path: '/v1/phases' });
}
