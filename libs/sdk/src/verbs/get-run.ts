import type { RunView } from '@agent-forge/contracts';
import { sendForJson, type Connection } from '../http/connection.js';

/** A run as it stands now. @throws ForgeError NOT_FOUND, and those of every request */
export function getRun(connection: Connection, run: string): Promise<RunView> {
  return sendForJson(connection, { path: `/v1/runs/${encodeURIComponent(run)}` });
}
