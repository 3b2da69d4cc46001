import { setTimeout as sleep } from 'node:timers/promises';
import { jetstreamManager, type JetStreamManager, type StoredMsg } from '@nats-io/jetstream';
import type { NatsConnection } from '@nats-io/transport-node';
import { ForgeError } from '@agent-forge/contracts';
import { isSilence } from '../errors.js';
import { insist, SEND_TIMEOUT_MS } from '../insist.js';
import { readBatch } from '../read-batch.js';
import { REVOCATION_BUCKET, REVOCATION_MAX_AGE_MS } from '../streams.js';

/** How long a revocation takes at most to be seen, with a broker that answers. */
const POLL_MS = 500;
/** A service that has not heard from the broker for so long cannot say what is revoked, and lets nobody in. */
const MAX_STALE_MS = 30_000;

const STREAM = `KV_${REVOCATION_BUCKET}`;
const PREFIX = `$KV.${REVOCATION_BUCKET}.`;

/** What of a token can be revoked. */
export interface Revocable {
  /** `jti`: this token alone. */
  readonly id: string;
  /** `sid`: the session or API key that it comes from. */
  readonly session?: string | undefined;
  readonly subject: string;
  /** `gen`: which of the subject's generations it belongs to. */
  readonly generation: number;
  readonly tenant: string;
}

/**
 * What is revoked before its end. Records last as long as the longest token; every service reads the new ones twice a second and so has all of
 * them in memory. Reading, not a watch, since only whoever asks knows how old the answer is.
 */
export class Revocations {
  /** By key, when it was read; for subjects also the first generation that counts. */
  readonly #known = new Map<string, { value: number; readAtMs: number }>();
  readonly #stop = new AbortController();
  #next = 1;
  #readAtMs = 0;
  #following: Promise<void> | undefined;

  private constructor(
    private readonly connection: NatsConnection,
    private readonly manager: JetStreamManager,
  ) {}

  /** Reads all that is revoked, and follows. The bucket exists. @throws ForgeError BROKER_UNAVAILABLE */
  static async open(connection: NatsConnection): Promise<Revocations> {
    const manager = await insist(connection, 'open the revocations', () =>
      jetstreamManager(connection, { timeout: SEND_TIMEOUT_MS }),
    );
    const revocations = new Revocations(connection, manager);
    await insist(connection, 'read the revocations', () => revocations.#read());
    revocations.#following = revocations.#follow();
    return revocations;
  }

  async close(): Promise<void> {
    this.#stop.abort();
    await this.#following;
  }

  revokeToken(id: string): Promise<void> {
    return this.#write(`token.${id}`, 1);
  }

  revokeSession(id: string): Promise<void> {
    return this.#write(`session.${id}`, 1);
  }

  /** All tokens of a tenant, or, when it is allowed again, none. */
  revokeTenant(id: string, isRevoked: boolean): Promise<void> {
    return this.#write(`tenant.${id}`, isRevoked ? 1 : 0);
  }

  /** All tokens of a subject that belong to an earlier generation. */
  revokeBefore(subject: string, generation: number): Promise<void> {
    return this.#write(`subject.${subject}`, generation);
  }

  /** Whether a token is revoked, as far as this service knows. @throws ForgeError BROKER_UNAVAILABLE when that is too long ago */
  isRevoked({ id, session, subject, generation, tenant }: Revocable): boolean {
    if (Date.now() - this.#readAtMs > MAX_STALE_MS)
      throw new ForgeError('BROKER_UNAVAILABLE', 'nobody knows which tokens are revoked: the broker does not answer');
    return (
      this.#value(`token.${id}`) > 0 ||
      (session !== undefined && this.#value(`session.${session}`) > 0) ||
      this.#value(`tenant.${tenant}`) > 0 ||
      generation < this.#value(`subject.${subject}`)
    );
  }

  #value(key: string): number {
    return this.#known.get(key)?.value ?? 0;
  }

  async #write(key: string, value: number): Promise<void> {
    await insist(this.connection, 'revoke', () => this.manager.jetstream().publish(PREFIX + key, String(value)));
    // Whoever revokes must not let through what it has just revoked.
    await insist(this.connection, 'read the revocations', () => this.#read());
  }

  async #follow(): Promise<void> {
    const { signal } = this.#stop;
    while (!signal.aborted) {
      await sleep(POLL_MS, undefined, { signal }).catch(() => undefined);
      if (signal.aborted || this.connection.isClosed()) return;
      await this.#read().catch((error: unknown) => {
        if (!isSilence(error)) this.#next = 1;
      });
    }
  }

  /** Reads what is new; two readers at once only read it twice. */
  async #read(): Promise<void> {
    const startedAtMs = Date.now();
    for (let isLast = false; !isLast;) {
      const from = { seq: this.#next, next_by_subj: `${PREFIX}>` };
      const batch = await readBatch(this.manager, STREAM, from, SEND_TIMEOUT_MS);
      for (const message of batch.messages) this.#remember(message, startedAtMs);
      ({ isLast } = batch);
    }
    this.#readAtMs = startedAtMs;
    for (const [key, { readAtMs }] of this.#known) {
      if (readAtMs > startedAtMs - REVOCATION_MAX_AGE_MS) break;
      this.#known.delete(key);
    }
  }

  #remember({ subject, seq, data }: StoredMsg, readAtMs: number): void {
    const key = subject.slice(PREFIX.length);
    // Put behind the others: what is read first is forgotten first.
    this.#known.delete(key);
    this.#known.set(key, { value: Number(new TextDecoder().decode(data)), readAtMs });
    this.#next = Math.max(this.#next, seq + 1);
  }
}
