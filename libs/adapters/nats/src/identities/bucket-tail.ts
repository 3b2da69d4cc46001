import type { JetStreamManager } from '@nats-io/jetstream';
import { SEND_TIMEOUT_MS } from '../insist.js';
import { readBatch } from '../read-batch.js';

/**
 * Reads the records of a key-value bucket that are new since the last time, in order. Asking, not a watch, since only whoever asks knows how old
 * the answer is.
 */
export class BucketTail {
  readonly #stream: string;
  readonly #prefix: string;
  readonly #filter: string;
  #next = 1;

  /**
   * @param filter of keys, with wildcards
   * @param onRecord hears of each record: its key, and its text, which is empty when it was removed
   */
  constructor(
    private readonly manager: JetStreamManager,
    bucket: string,
    filter: string,
    private readonly onRecord: (key: string, text: string) => void,
  ) {
    this.#stream = `KV_${bucket}`;
    this.#prefix = `$KV.${bucket}.`;
    this.#filter = this.#prefix + filter;
  }

  /** Two reads at once only read the same twice. @throws TimeoutError of the client, or the broker's error */
  async read(): Promise<void> {
    for (let isLast = false; !isLast;) {
      const from = { seq: this.#next, next_by_subj: this.#filter };
      const batch = await readBatch(this.manager, this.#stream, from, SEND_TIMEOUT_MS);
      for (const { subject, seq, data } of batch.messages) {
        this.onRecord(subject.slice(this.#prefix.length), new TextDecoder().decode(data));
        this.#next = Math.max(this.#next, seq + 1);
      }
      ({ isLast } = batch);
    }
  }
}
