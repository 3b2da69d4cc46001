import type { StoredMsg } from '@nats-io/jetstream';
import { ForgeError } from '@agent-forge/contracts';
import { insist, readBatch, SEND_TIMEOUT_MS } from '@agent-forge/nats';
import type { Bucket } from './bucket.js';
import { CHUNK_HEADER, type StoredObject } from './stored-object.js';

/** Chunks in one answer: a reader has twice as many in memory, about 8 MB, and a round trip to the broker is paid once for all of them. */
const READ_CHUNKS = 4;

/**
 * The bytes of an object from `start` to `end`, end excluded; only as many chunks are fetched at a time as the reader takes.
 * @throws ForgeError DIGEST_MISMATCH when a chunk is missing
 */
export async function* readObject(
  bucket: Bucket,
  object: StoredObject,
  start = 0,
  end = object.size,
): AsyncGenerator<Uint8Array> {
  const chunkBytes = object.options.max_chunk_size;
  let number = Math.floor(start / chunkBytes);
  const last = Math.min(object.chunks, Math.ceil(end / chunkBytes)) - 1;
  if (number > last) return;
  const fetchFrom = (sequence: number, from: number): Promise<StoredMsg[]> => {
    const fetched = readChunks(bucket, object, sequence, Math.min(READ_CHUNKS, last - from + 1));
    // A reader that goes away does not wait for it.
    fetched.catch(() => undefined);
    return fetched;
  };
  let next = fetchFrom(await findChunk(bucket, object, number), number);
  while (number <= last) {
    const messages = await next;
    // The broker sends the next ones while the reader works on these.
    const behind = number + messages.length;
    if (behind <= last) next = fetchFrom(messages.at(-1)!.seq + 1, behind);
    for (const message of messages) {
      if (numberOf(message) !== number) throw damaged(object, number);
      const offset = number * chunkBytes;
      yield message.data.subarray(Math.max(0, start - offset), Math.max(0, end - offset));
      number += 1;
    }
  }
}

/**
 * The sequence of a chunk. Chunks of other objects may lie between those of this one, so it is never below that of the first chunk plus its
 * number, and every look brings it nearer.
 */
async function findChunk(bucket: Bucket, object: StoredObject, number: number): Promise<number> {
  let sequence = Number(object.metadata.firstSequence) + number;
  for (;;) {
    if (number === 0) return sequence;
    const [message] = await readChunks(bucket, object, sequence, 1);
    const found = numberOf(message!);
    if (found === number) return message!.seq;
    if (!(found < number)) throw damaged(object, number);
    sequence = message!.seq + number - found;
  }
}

/** The next chunks from a sequence on, at least one. */
async function readChunks(bucket: Bucket, object: StoredObject, seq: number, count: number): Promise<StoredMsg[]> {
  const from = { seq, next_by_subj: bucket.chunkSubject(object.nuid) };
  const { messages } = await insist(bucket.connection, `read ${object.name}`, () =>
    readBatch(bucket.manager, bucket.stream, from, SEND_TIMEOUT_MS, count),
  );
  if (messages.length === 0) throw damaged(object, NaN);
  return messages;
}

function numberOf(message: StoredMsg): number {
  return Number(message.header?.get(CHUNK_HEADER) || NaN);
}

function damaged({ name }: StoredObject, number: number): ForgeError {
  const what = Number.isNaN(number) ? 'chunks are' : `chunk ${number} is`;
  return new ForgeError('DIGEST_MISMATCH', `stored ${name} is damaged: ${what} missing`);
}
