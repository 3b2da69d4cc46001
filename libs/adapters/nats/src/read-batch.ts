import { JetStreamError, type JetStreamManager, type StoredMsg } from '@nats-io/jetstream';
import { errors } from '@nats-io/transport-node';

/** Messages of one answer; a run seldom has more. */
const BATCH = 256;
/** The broker's status where no message is left. */
const NO_MESSAGE = 404;

/**
 * The messages of a stream on some subjects, from a sequence on, in one answer of the broker (batched direct get, NATS ADR-31).
 * @param timeoutMs silence between two messages that counts as a lost answer
 * @param batch messages of one answer
 * @returns at most `batch`; fewer mean that there are no more
 * @throws TimeoutError of the client, or the broker's error
 */
export function readBatch(
  manager: JetStreamManager,
  stream: string,
  from: { seq: number; next_by_subj: string },
  timeoutMs: number,
  batch = BATCH,
): Promise<{ messages: StoredMsg[]; isLast: boolean }> {
  return new Promise((resolve, reject) => {
    const messages: StoredMsg[] = [];
    const timer = setTimeout(() => reject(new errors.TimeoutError()), timeoutMs);
    // With a callback the client gives its subscription back at the end; iterated over, version 3.4 keeps it for good.
    const callback = (done: { err?: Error } | null, message: StoredMsg): void => {
      if (done === null) {
        timer.refresh();
        messages.push(message);
        return;
      }
      clearTimeout(timer);
      const { err } = done;
      const isEmpty = err instanceof JetStreamError && 'code' in err && err.code === NO_MESSAGE;
      if (err && !isEmpty) reject(err);
      else resolve({ messages, isLast: messages.length < batch });
    };
    manager.direct.getBatch(stream, { ...from, batch, callback }).catch(reject);
  });
}
