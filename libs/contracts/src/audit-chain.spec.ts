import { describe, expect, test } from '@jest/globals';
import { AUDIT_GENESIS, auditEntry, auditRecordHash, type AuditEvent, type AuditRecord } from './audit.js';
import { verifyAuditChain } from './audit-chain.js';

const event = (serial: number): AuditEvent => ({
  id: `event${serial}`,
  time: '2026-01-01T00:00:00.000Z',
  tenant: 'main',
  actor: 'admin',
  action: 'POST /v1/runs',
  resource: `/v1/runs/${serial}`,
  outcome: 'done',
  status: 202,
  from: '127.0.0.1',
  requestId: `r${serial}`,
});

/** A chain of records with two events each. */
function chain(length: number): AuditRecord[] {
  const records: AuditRecord[] = [];
  for (let sequence = 1; sequence <= length; sequence++) {
    const last = records.at(-1);
    const previous = last ? auditRecordHash(last) : AUDIT_GENESIS;
    records.push({ sequence, previous, entries: [event(2 * sequence), event(2 * sequence + 1)].map(auditEntry) });
  }
  return records;
}

const verify = (records: AuditRecord[], ...known: [] | [{ sequence: number; hash: string }]) =>
  verifyAuditChain(
    (async function* () {
      yield* records;
    })(),
    ...known,
  );

const whole = chain(6);
/** The third record, changed in a way. */
const third = (change: (record: AuditRecord) => AuditRecord) => whole.map((r, i) => (i === 2 ? change(r) : r));
const renamed = (entries: AuditRecord['entries']) => [
  { ...entries[0]!, event: { ...entries[0]!.event!, actor: 'somebody' } },
  entries[1]!,
];
const hidden = whole.map((record) => ({ ...record, entries: record.entries.map(({ digest }) => ({ digest })) }));

describe('a chain', () => {
  test('that nobody touched is in order, also for a reader who may see no event of it', async () => {
    const head = { sequence: 6, hash: auditRecordHash(whole[5]!) };
    expect(await verify(whole)).toEqual({ records: 6, events: 12, readable: 12, head });
    expect(await verify(hidden)).toEqual({ records: 6, events: 12, readable: 0, head });
    expect(await verify(whole, { sequence: 4, hash: auditRecordHash(whole[3]!) })).not.toHaveProperty('fault');
    expect(await verify([])).toEqual({
      records: 0,
      events: 0,
      readable: 0,
      head: { sequence: 0, hash: AUDIT_GENESIS },
    });
  });

  test.each<[string, AuditRecord[], number]>([
    ['an event that was changed', third((r) => ({ ...r, entries: renamed(r.entries) })), 3],
    [
      'an event that was changed together with its digest',
      third((r) => ({ ...r, entries: renamed(r.entries).map(({ event: e }) => auditEntry(e!)) })),
      4,
    ],
    ['an event that was removed', third((r) => ({ ...r, entries: r.entries.slice(1) })), 4],
    ['a record without events', third((r) => ({ ...r, entries: [] })), 3],
    ['a record that was removed', whole.filter((_, i) => i !== 2), 4],
    [
      'a record that was removed and the rest numbered anew',
      whole.filter((_, i) => i !== 2).map((r, i) => ({ ...r, sequence: i + 1 })),
      3,
    ],
    ['two records that changed places', [whole[0]!, whole[2]!, whole[1]!, ...whole.slice(3)], 3],
    ['a beginning that was cut off', whole.slice(1), 2],
    ['a record that stands twice', [...whole.slice(0, 3), ...whole.slice(2)], 3],
  ])('with %s is found out', async (_, records, sequence) => {
    expect((await verify(records)).fault).toMatchObject({ sequence });
  });

  test('whose end was cut off, or that was written anew, is found out by a head that was kept', async () => {
    const head = { sequence: 6, hash: auditRecordHash(whole[5]!) };
    expect((await verify(whole.slice(0, 4), head)).fault).toMatchObject({ sequence: 6 });
    const other = [...whole.slice(0, 5), { ...whole[5]!, entries: [auditEntry(event(99))] }];
    expect(await verify(other)).not.toHaveProperty('fault');
    expect((await verify(other, head)).fault).toMatchObject({ sequence: 6 });
  });
});
