import type { AuditPage, AuditRecord } from '@agent-forge/contracts';
import { sendForJson, type Connection } from '../http/connection.js';

/**
 * The records of the audit log, oldest first, fetched page by page as they are read. Events of other tenants have their digest only.
 * @param after the sequence behind which to begin (default: from the first)
 * @throws ForgeError those of every request
 */
export async function* listAudit(connection: Connection, after?: number): AsyncGenerator<AuditRecord> {
  for (let next = after ?? 0, isLast = false; !isLast;) {
    const query = { limit: 200, after: next };
    const page: AuditPage = await sendForJson(connection, { path: '/v1/audit', query });
    yield* page.records;
    isLast = page.next === undefined;
    next = page.next ?? next;
  }
}
