import type { Manifest } from '@agent-forge/contracts';
import { sendForJson, type Connection } from '../http/connection.js';

/** The manifest of an artifact: its files and where it comes from. @throws ForgeError ARTIFACT_NOT_FOUND, and those of every request */
export function getArtifact(connection: Connection, id: string): Promise<Manifest> {
  return sendForJson(connection, { path: `/v1/artifacts/${encodeURIComponent(id)}` });
}
