import type { ArtifactKind, ArtifactList } from '@agent-forge/contracts';
import { sendForJson, type Connection } from '../http/connection.js';

/** Which artifacts to list. */
export interface ArtifactQuery {
  /** At most so many (default 50). */
  readonly limit?: number;
  /** What the page before gave as next; the rest must be the same. */
  readonly after?: string;
  readonly kind?: ArtifactKind;
  /** The phase that made them; `import` for those that users brought. */
  readonly phase?: string;
  /** The run whose phases made them. */
  readonly run?: string;
}

/** A page of artifacts, in the order of their ids. @throws ForgeError NOT_FOUND for a run that is not there, and those of every request */
export function listArtifacts(connection: Connection, query: ArtifactQuery = {}): Promise<ArtifactList> {
  return sendForJson(connection, { path: '/v1/artifacts', query: { ...query } });
}
