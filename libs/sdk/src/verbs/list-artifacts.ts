import type { ArtifactList } from '@agent-forge/contracts';
import { sendForJson, type Connection } from '../http/connection.js';

/** Artifacts in the order of their ids. @param page at most `limit` (default 50) behind the one named `after` */
export function listArtifacts(
  connection: Connection,
  page: { limit?: number; after?: string } = {},
): Promise<ArtifactList> {
  return sendForJson(connection, { path: '/v1/artifacts', query: { ...page } });
}
