import type { RunList, RunView } from '@agent-forge/contracts';
import { sendForJson, type Connection } from '../http/connection.js';

/** All runs of the caller's tenant, newest first, fetched page by page as they are read. @throws ForgeError those of every request */
export async function* listRuns(connection: Connection, pageSize?: number): AsyncGenerator<RunView> {
  let after: string | undefined;
  do {
    const query = { limit: pageSize, after };
    const page: RunList = await sendForJson(connection, { path: '/v1/runs', query });
    yield* page.runs;
    after = page.next;
  } while (after !== undefined);
}
