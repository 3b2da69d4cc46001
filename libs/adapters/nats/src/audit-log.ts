import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import {
  jetstream,
  jetstreamManager,
  type JetStreamClient,
  type JetStreamManager,
  type PubAck,
} from '@nats-io/jetstream';
import type { NatsConnection } from '@nats-io/transport-node';
import {
  AUDIT_GENESIS,
  AUDIT_SUBJECT,
  auditEntry,
  auditRecordHash,
  canonicalJson,
  ForgeError,
  type AuditEvent,
  type AuditHead,
  type AuditLog,
  type AuditRecord,
} from '@agent-forge/contracts';
import { isMessageMissing, isSequenceConflict } from './errors.js';
import { insist, SEND_TIMEOUT_MS } from './insist.js';
import { readBatch } from './read-batch.js';
import { AUDIT_STREAM } from './stream-names.js';

/** At 200 events a second this halves the CPU time of an event against none, for 7 ms at the median (docs/LOG.md, audit log). */
const GATHER_MS = 10;
/** Events of a record: each is far under 2 KiB, so that they fit the stream's limit. */
export const MAX_AUDIT_EVENTS = 100;
/** Each lost race means that another writer's record is in the chain. */
const MAX_CONFLICTS = 50;

interface Waiting {
  readonly event: AuditEvent;
  readonly resolve: () => void;
  readonly reject: (error: unknown) => void;
}

/** The audit log as a JetStream stream. Any number of writers extend the one chain, each record by compare-and-set on the stream's end. */
export class NatsAuditLog implements AuditLog {
  readonly #client: JetStreamClient;
  #manager: JetStreamManager | undefined;
  #waiting: Waiting[] = [];
  #writing: Promise<void> | undefined;
  /** The end of the chain as it was known last; others may have gone on. */
  #head: AuditHead | undefined;

  /**
   * @param connection an open connection; the streams exist
   * @param gatherMs how long an event waits at most for others that share its record
   */
  constructor(
    readonly connection: NatsConnection,
    private readonly gatherMs = GATHER_MS,
  ) {
    this.#client = jetstream(connection, { timeout: SEND_TIMEOUT_MS });
  }

  append(event: AuditEvent): Promise<void> {
    const { promise, resolve, reject } = withResolvers();
    this.#waiting.push({ event, resolve, reject });
    this.#writing ??= this.#write().finally(() => (this.#writing = undefined));
    return promise;
  }

  async read(after: number, limit: number): Promise<AuditRecord[]> {
    return insist(this.connection, 'read the audit log', async () => {
      const from = { seq: after + 1, next_by_subj: AUDIT_SUBJECT };
      const { messages } = await readBatch(await this.#management(), AUDIT_STREAM, from, SEND_TIMEOUT_MS, limit);
      return messages.map(({ seq, data }) => decodeRecord(seq, data));
    });
  }

  /** Writes records one after the other until nobody waits; what comes while one is written goes into the next. */
  async #write(): Promise<void> {
    while (this.#waiting.length > 0) {
      await sleep(this.gatherMs);
      const batch = this.#waiting.splice(0, MAX_AUDIT_EVENTS);
      try {
        await this.#extend(batch.map(({ event }) => event));
        for (const { resolve } of batch) resolve();
      } catch (error) {
        for (const { reject } of batch) reject(error);
      }
    }
  }

  async #extend(events: readonly AuditEvent[]): Promise<void> {
    const entries = events.map(auditEntry);
    // The same through all conflicts: a record whose answer was lost is recognised, not written twice.
    const msgID = randomUUID();
    for (let conflicts = 0; conflicts < MAX_CONFLICTS; conflicts++) {
      const head = (this.#head ??= await this.#readHead());
      const record = { sequence: head.sequence + 1, previous: head.hash, entries };
      const ack = await this.#publish(record, msgID);
      this.#head = undefined;
      if (ack === undefined) continue;
      // After a repetition nobody knows which of our tries was the one that was stored.
      if (!ack.duplicate) this.#head = { sequence: ack.seq, hash: auditRecordHash(record) };
      return;
    }
    throw new ForgeError('BROKER_UNAVAILABLE', 'the audit log grows faster than this service can append; try again');
  }

  /** @returns undefined when somebody else appended first */
  #publish(record: AuditRecord, msgID: string): Promise<PubAck | undefined> {
    return insist(this.connection, 'append to the audit log', async () => {
      try {
        return await this.#client.publish(AUDIT_SUBJECT, canonicalJson(record), {
          msgID,
          timeout: SEND_TIMEOUT_MS,
          expect: { streamName: AUDIT_STREAM, lastSequence: record.sequence - 1 },
        });
      } catch (error) {
        if (isSequenceConflict(error)) return undefined;
        throw error;
      }
    });
  }

  #readHead(): Promise<AuditHead> {
    return insist(this.connection, 'read the end of the audit log', async () => {
      const manager = await this.#management();
      try {
        const last = await manager.streams.getMessage(AUDIT_STREAM, { last_by_subj: AUDIT_SUBJECT });
        if (last === null) return { sequence: 0, hash: AUDIT_GENESIS };
        return { sequence: last.seq, hash: auditRecordHash(decodeRecord(last.seq, last.data)) };
      } catch (error) {
        if (isMessageMissing(error)) return { sequence: 0, hash: AUDIT_GENESIS };
        throw error;
      }
    });
  }

  async #management(): Promise<JetStreamManager> {
    return (this.#manager ??= await jetstreamManager(this.connection, { timeout: SEND_TIMEOUT_MS }));
  }
}

/** A record as it was stored; its place is the one it has in the stream. What is no whole record of ours shows as one without events. */
function decodeRecord(sequence: number, data: Uint8Array): AuditRecord {
  try {
    const { previous, entries } = JSON.parse(new TextDecoder().decode(data)) as AuditRecord;
    const isWhole = entries.every(({ digest, event }) => typeof digest === 'string' && typeof event === 'object');
    return { sequence, previous: String(previous), entries: isWhole ? entries : [] };
  } catch {
    return { sequence, previous: '', entries: [] };
  }
}

function withResolvers(): { promise: Promise<void>; resolve: () => void; reject: (error: unknown) => void } {
  let resolve!: () => void;
  let reject!: (error: unknown) => void;
  const promise = new Promise<void>((...both) => ([resolve, reject] = both));
  return { promise, resolve, reject };
}
