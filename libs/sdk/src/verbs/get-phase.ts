import type { PhaseDescription } from '@agent-forge/contracts';
import { sendForJson, type Connection } from '../http/connection.js';

/**
 * One phase, with the JSON Schema of its parameters.
 * @throws ForgeError NOT_FOUND naming those that there are, and those of every request
 */
export function getPhase(connection: Connection, phase: string): Promise<PhaseDescription> {
  return sendForJson(connection, { path: `/v1/phases/${encodeURIComponent(phase)}` });
}
