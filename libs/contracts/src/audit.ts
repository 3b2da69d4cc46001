import { sha256 } from '#sha256';
import { canonicalJson } from './canonical-json.js';

/** What came of a request: it was done, refused as wrong (4xx), denied for want of rights (401, 403), or failed on our side (5xx). */
export type AuditOutcome = 'done' | 'refused' | 'denied' | 'failed';

/** Who did what to which resource from where. Bodies, queries and headers never stand in it, so that no secret can. */
export interface AuditEvent {
  /** A ULID. Its 80 random bits keep a digest of the event from being guessed by whoever may not read it. */
  readonly id: string;
  /** RFC 3339. */
  readonly time: string;
  /** Whose event it is; absent when nobody knows who asked. */
  readonly tenant?: string;
  /** The subject of the caller's token; absent when there was no valid one. */
  readonly actor?: string;
  /** Method and route, for example `POST /v1/runs/{run}:cancel`. */
  readonly action: string;
  /** Path of the resource: of the one that was made, or the one that was asked for. */
  readonly resource: string;
  readonly outcome: AuditOutcome;
  /** The HTTP status of the answer. */
  readonly status: number;
  /** The address that the request came from. */
  readonly from: string;
  /** Names the request in the logs. */
  readonly requestId: string;
  /** Requests that it stands for, where many of strangers were summed up; absent for one. */
  readonly count?: number;
}

/** One event of a record: everybody sees its digest, and those who may read it the event. */
export interface AuditEntry {
  /** SHA-256 of the event's canonical JSON. */
  readonly digest: string;
  readonly event?: AuditEvent;
}

/** One link of the chain: the events of a moment, and the hash of the record before. */
export interface AuditRecord {
  /** 1 for the first; there are no gaps. */
  readonly sequence: number;
  /** {@link auditRecordHash} of the record before; {@link AUDIT_GENESIS} in the first. */
  readonly previous: string;
  readonly entries: readonly AuditEntry[];
}

/** The end of a chain as somebody saw it: what it must still contain later. */
export interface AuditHead {
  readonly sequence: number;
  readonly hash: string;
}

/** The port of the audit log. */
export interface AuditLog {
  /**
   * Resolves once a record with the event is on disk.
   * @throws ForgeError BROKER_UNAVAILABLE, STORE_UNAVAILABLE when the log is full
   */
  append(event: AuditEvent): Promise<void>;

  /**
   * Records in order, with all that they hold; fewer than `limit` mean that there are no more.
   * @param after the sequence behind which to begin; 0 for the beginning
   * @throws ForgeError BROKER_UNAVAILABLE
   */
  read(after: number, limit: number): Promise<AuditRecord[]>;
}

/** What the first record has in place of a hash. */
export const AUDIT_GENESIS = '0'.repeat(64);

/** The entry of an event, readable. */
export function auditEntry(event: AuditEvent): AuditEntry {
  return { digest: digestOf(canonicalJson(event)), event };
}

/** The hash of a record over its place, the record before and the digests of its events: also known to whoever may not read them. */
export function auditRecordHash({ sequence, previous, entries }: AuditRecord): string {
  return digestOf(canonicalJson({ sequence, previous, digests: entries.map(({ digest }) => digest) }));
}

function digestOf(text: string): string {
  return sha256().update(text).hex();
}
