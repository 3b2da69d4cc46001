import type { JetStreamManager } from '@nats-io/jetstream';
import { Kvm, KvWatchInclude } from '@nats-io/kv';
import { SEND_TIMEOUT_MS } from '../insist.js';
import { readBatch } from '../read-batch.js';

/**
 * Reads the records of a key-value bucket that are new since the last time, in order. A watch tells at once that there are some; only whoever
 * asks knows that there are none, since a watch that died is as silent.
 */
export class BucketTail {
  readonly #stream: string;
  readonly #prefix: string;
  #next = 1;
  #reading: Promise<void> = Promise.resolve();
  #waiting: Promise<void> | undefined;

  /**
   * @param filter of keys, with wildcards
   * @param onRecord hears of each record: its key, and its text, which is empty when it was removed
   */
  constructor(
    private readonly manager: JetStreamManager,
    private readonly bucket: string,
    private readonly filter: string,
    private readonly onRecord: (key: string, text: string) => void,
  ) {
    this.#stream = `KV_${bucket}`;
    this.#prefix = `$KV.${bucket}.`;
  }

  /** Reads to the end. Whoever asks while others read shares the read after theirs. @throws TimeoutError of the client, or the broker's error */
  read(): Promise<void> {
    this.#waiting ??= this.#reading
      .catch(() => undefined)
      .then(() => {
        this.#waiting = undefined;
        this.#reading = this.#readOn();
        return this.#reading;
      });
    return this.#waiting;
  }

  async #readOn(): Promise<void> {
    for (let isLast = false; !isLast;) {
      const from = { seq: this.#next, next_by_subj: this.#prefix + this.filter };
      const batch = await readBatch(this.manager, this.#stream, from, SEND_TIMEOUT_MS);
      for (const { subject, seq, data } of batch.messages) {
        this.onRecord(subject.slice(this.#prefix.length), new TextDecoder().decode(data));
        this.#next = Math.max(this.#next, seq + 1);
      }
      ({ isLast } = batch);
    }
  }

  /**
   * Reads whenever something is new, until the signal comes. The bucket exists.
   * @throws TimeoutError of the client, or the broker's error: from then on nothing is watched
   */
  async watch(signal: AbortSignal): Promise<void> {
    const bucket = await new Kvm(this.manager.jetstream()).open(this.bucket);
    const watch = await bucket.watch({ key: this.filter, include: KvWatchInclude.UpdatesOnly, headers_only: true });
    const stop = () => watch.stop();
    signal.addEventListener('abort', stop, { once: true });
    if (signal.aborted) stop();
    try {
      // What came before the watch was there.
      await this.read();
      for await (const { revision } of watch) if (revision >= this.#next) await this.read();
    } finally {
      signal.removeEventListener('abort', stop);
      stop();
    }
  }
}
