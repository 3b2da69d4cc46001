import type { RunList, RunView } from '@agent-forge/contracts';
import { sendForJson, type Connection } from '../http/connection.js';

/** Which runs to list, and in what order. */
export interface RunFilter {
  readonly status?: 'running' | 'paused' | 'completed' | 'failed' | 'cancelled';
  /** A part of the name; small and capital letters are the same. */
  readonly name?: string;
  /** A phase of the recipe. */
  readonly phase?: string;
  /** Asked for at this time (RFC 3339) or later. */
  readonly since?: string;
  /** Asked for before this time (RFC 3339). */
  readonly until?: string;
  readonly sort?: 'newest' | 'oldest';
}

/** Runs of the caller's tenant, newest first, fetched page by page as they are read. @throws ForgeError those of every request */
export async function* listRuns(
  connection: Connection,
  pageSize?: number,
  filter: RunFilter = {},
): AsyncGenerator<RunView> {
  let after: string | undefined;
  do {
    const query = { ...filter, limit: pageSize, after };
    const page: RunList = await sendForJson(connection, { path: '/v1/runs', query });
    yield* page.runs;
    after = page.next;
  } while (after !== undefined);
}
