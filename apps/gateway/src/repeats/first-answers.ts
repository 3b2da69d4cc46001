import { randomUUID } from 'node:crypto';
import { ForgeError, type RecordStore } from '@agent-forge/contracts';
import { newId, type MadeId } from './made-ids.js';

/** Requests are answered in less; after it another try takes over from a gateway that is gone. */
const LEASE_MS = 15_000;
/** Tries to write to a record that others write to as well. */
const MAX_CONFLICTS = 5;

/** What a caller got. */
export interface Answer {
  readonly status: number;
  /** JSON, as it was sent. */
  readonly body: string;
  readonly location?: string;
}

interface Entry {
  /** Digest of what was asked for. */
  readonly fingerprint: string;
  /** The id of what is made, settled before the first try so that a second one cannot make another. */
  readonly made: string;
  /** The try that is going on. */
  readonly attempt: string;
  /** When another may take over. */
  readonly leaseEndsAt: number;
  readonly answer?: Answer;
}

/** A try of a request: either it was answered before, or it is to be done now. */
export type Try = { readonly answer: Answer } | Attempt;

/** A request that is to be done now; one of the two must be called in the end. */
export interface Attempt {
  readonly made: MadeId;
  /** Keeps the answer. */
  answered(answer: Answer): Promise<void>;
  /** Lets the next try begin. @param isUndone nothing was done: the key is free, also for another request */
  failed(isUndone: boolean): Promise<void>;
}

/** The first answers to requests, by key: each is done once, whichever gateway gets it, and however often it comes within a day. */
export class FirstAnswers {
  constructor(private readonly records: RecordStore) {}

  /**
   * Begins a try of a request.
   * @throws ForgeError IDEMPOTENCY_KEY_IN_USE while another try goes on, IDEMPOTENCY_KEY_REUSED when the key was for another request
   */
  async begin(key: string, fingerprint: string): Promise<Try> {
    for (let conflicts = 0; conflicts < MAX_CONFLICTS; conflicts++) {
      const attempt = randomUUID();
      const leaseEndsAt = Date.now() + LEASE_MS;
      const first: Entry = { fingerprint, made: newId(), attempt, leaseEndsAt };
      if (await this.records.create(key, first)) return this.#attempt(key, first, false);
      const found = await this.records.get<Entry>(key);
      if (found === undefined) continue;
      const { value, revision } = found;
      if (value.fingerprint !== fingerprint)
        throw new ForgeError(
          'IDEMPOTENCY_KEY_REUSED',
          'this Idempotency-Key was used for another request; take a new one',
        );
      if (value.answer !== undefined) return { answer: value.answer };
      if (value.leaseEndsAt > Date.now()) break;
      const next: Entry = { ...value, attempt, leaseEndsAt };
      if (await this.records.update(key, next, revision)) return this.#attempt(key, next, true);
    }
    throw new ForgeError('IDEMPOTENCY_KEY_IN_USE', 'a request with this Idempotency-Key is still being answered');
  }

  #attempt(key: string, entry: Entry, isSecondTry: boolean): Attempt {
    return {
      made: { id: entry.made, isSecondTry },
      answered: (answer) => this.#end(key, entry, { ...entry, answer }),
      failed: (isUndone) => this.#end(key, entry, isUndone && !isSecondTry ? undefined : { ...entry, leaseEndsAt: 0 }),
    };
  }

  /** Writes what came of a try, unless another has taken over. */
  async #end(key: string, { attempt }: Entry, entry: Entry | undefined): Promise<void> {
    const found = await this.records.get<Entry>(key);
    if (found?.value.attempt !== attempt) return;
    if (entry === undefined) await this.records.remove(key);
    else await this.records.update(key, entry, found.revision);
  }
}
