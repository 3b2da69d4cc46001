import { AUDIT_GENESIS, auditEntry, auditRecordHash, type AuditHead, type AuditRecord } from './audit.js';

/** What a check of the chain found. */
export interface AuditVerdict {
  /** Records that are in order, from the first on. */
  readonly records: number;
  /** Events in them. */
  readonly events: number;
  /** Those of them that the reader may see and whose text was checked. */
  readonly readable: number;
  /** The last record that is in order; to be kept elsewhere, for the next check. */
  readonly head: AuditHead;
  /** The first fault; absent when the whole chain is in order. */
  readonly fault?: { readonly sequence: number; readonly problem: string };
}

/**
 * Checks the chain from its first record to its end. A record that was changed, removed, added or moved is found; records that were cut off the
 * end are found only against a head that was kept elsewhere.
 * @param known the head of an earlier check
 */
export async function verifyAuditChain(records: AsyncIterable<AuditRecord>, known?: AuditHead): Promise<AuditVerdict> {
  let verdict: AuditVerdict = { records: 0, events: 0, readable: 0, head: { sequence: 0, hash: AUDIT_GENESIS } };
  for await (const record of records) {
    const problem = problemOf(record, verdict.head, known);
    if (problem !== undefined) return { ...verdict, fault: { sequence: record.sequence, problem } };
    verdict = {
      records: verdict.records + 1,
      events: verdict.events + record.entries.length,
      readable: verdict.readable + record.entries.filter(({ event }) => event !== undefined).length,
      head: { sequence: record.sequence, hash: auditRecordHash(record) },
    };
  }
  if (known === undefined || known.sequence <= verdict.head.sequence) return verdict;
  const problem = `the chain ends at record ${verdict.head.sequence}, but it was seen up to ${known.sequence}: its end was removed`;
  return { ...verdict, fault: { sequence: known.sequence, problem } };
}

function problemOf(record: AuditRecord, before: AuditHead, known: AuditHead | undefined): string | undefined {
  const { sequence, previous, entries } = record;
  if (sequence !== before.sequence + 1) return `record ${before.sequence + 1} is missing or out of place`;
  if (previous !== before.hash)
    return `record ${sequence} does not follow from record ${before.sequence}: one of the two was changed`;
  const isChanged = ({ digest, event }: AuditRecord['entries'][number]) =>
    event !== undefined && auditEntry(event).digest !== digest;
  if (entries.length === 0) return `record ${sequence} is no record of the audit log`;
  if (entries.some(isChanged)) return `an event of record ${sequence} was changed`;
  if (known?.sequence === sequence && known.hash !== auditRecordHash(record))
    return `record ${sequence} is not the one that was seen before`;
  return undefined;
}
