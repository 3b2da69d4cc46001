import type { StoredMsg } from '@nats-io/jetstream';

/**
 * An object of a bucket as its metadata tell (JetStream object store, NATS ADR-20), so that every client can read it. Ours carry besides, in
 * `metadata`, the sequence of the first chunk, and each chunk its number in a header: a reader of a part begins where that part is.
 */
export interface StoredObject {
  readonly name: string;
  /** Names the subject of its chunks. */
  readonly nuid: string;
  readonly size: number;
  readonly chunks: number;
  /** `SHA-256=` and base64url with padding. */
  readonly digest: string;
  /** When it was put or renewed last, RFC 3339. */
  readonly mtime: string;
  readonly options: { readonly max_chunk_size: number };
  readonly metadata: { readonly firstSequence: string };
  /** Sequence of the metadata themselves; what the next change must expect. */
  readonly revision: number;
}

/** Header of a chunk: its number, from 0. */
export const CHUNK_HEADER = 'Forge-Chunk';

/** The object that a metadata message tells of; undefined when it tells of a deleted one, or of none of ours. */
export function parseObject(message: Pick<StoredMsg, 'data' | 'seq'>): StoredObject | undefined {
  let json: unknown;
  try {
    json = JSON.parse(new TextDecoder().decode(message.data));
  } catch {
    return undefined;
  }
  const object = { ...(json as StoredObject), revision: message.seq };
  const isOurs =
    typeof object.nuid === 'string' &&
    Number.isSafeInteger(object.size) &&
    Number.isSafeInteger(object.chunks) &&
    object.options?.max_chunk_size > 0 &&
    Number(object.metadata?.firstSequence) > 0;
  return isOurs && !(json as { deleted?: boolean }).deleted ? object : undefined;
}

/** A SHA-256 as the metadata of an object have it. */
export function objectDigest(hex: string): string {
  return `SHA-256=${Buffer.from(hex, 'hex').toString('base64').replaceAll('+', '-').replaceAll('/', '_')}`;
}
