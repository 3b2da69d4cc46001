import { setTimeout as sleep } from 'node:timers/promises';
import { jetstreamManager, type JetStreamManager } from '@nats-io/jetstream';
import type { NatsConnection } from '@nats-io/transport-node';
import { ForgeError } from '@agent-forge/contracts';
import { insist, SEND_TIMEOUT_MS } from '../insist.js';
import { REVOCATION_BUCKET, TENANT_BUCKET } from '../stream-names.js';
import { REVOCATION_MAX_AGE_MS } from '../streams.js';
import { BucketTail } from './bucket-tail.js';

/** How long a revocation takes at most to be seen with a broker that answers, should the watch have died. */
const POLL_MS = 500;
/** A service that has not heard from the broker for so long cannot say what is revoked, and lets nobody in. */
const MAX_STALE_MS = 30_000;
/** Where tenants are kept: `tenant.<id>`, with whether it is disabled. */
const TENANT_PREFIX = 'tenant.';

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
 * What is revoked before its end, and which tenants are let in. Revocations last as long as any token; every service watches what is new, asks
 * for it twice a second besides, and so has all of it in memory.
 */
export class Revocations {
  /** By key, when it was read; of subjects also the first generation that counts. */
  readonly #revoked = new Map<string, { value: number; readAtMs: number }>();
  readonly #tenants = new Map<string, { isDisabled: boolean }>();
  readonly #tails: readonly BucketTail[];
  readonly #stop = new AbortController();
  #readAtMs = 0;
  #following: Promise<unknown> | undefined;

  private constructor(
    private readonly connection: NatsConnection,
    private readonly manager: JetStreamManager,
  ) {
    this.#tails = [
      new BucketTail(manager, REVOCATION_BUCKET, '>', (key, text) => this.#rememberRevoked(key, Number(text))),
      new BucketTail(manager, TENANT_BUCKET, `${TENANT_PREFIX}*`, (key, text) => this.#rememberTenant(key, text)),
    ];
  }

  /**
   * Reads all that is revoked, and follows. The buckets exist.
   * @param pollMs how often to ask what is new, watch or no watch
   * @throws ForgeError BROKER_UNAVAILABLE
   */
  static async open(connection: NatsConnection, pollMs = POLL_MS): Promise<Revocations> {
    const manager = await insist(connection, 'open the revocations', () =>
      jetstreamManager(connection, { timeout: SEND_TIMEOUT_MS }),
    );
    const revocations = new Revocations(connection, manager);
    await revocations.refresh();
    const { signal } = revocations.#stop;
    const ways = [() => revocations.#read(), ...revocations.#tails.map((tail) => () => tail.watch(signal))];
    revocations.#following = Promise.all(ways.map((way) => revocations.#repeat(way, pollMs)));
    return revocations;
  }

  async close(): Promise<void> {
    this.#stop.abort();
    await this.#following;
  }

  revokeToken(id: string): Promise<void> {
    return this.#revoke(`token.${id}`, 1);
  }

  revokeSession(id: string): Promise<void> {
    return this.#revoke(`session.${id}`, 1);
  }

  /** All tokens of a subject that belong to an earlier generation. */
  revokeBefore(subject: string, generation: number): Promise<void> {
    return this.#revoke(`subject.${subject}`, generation);
  }

  /** Reads at once what is new: whoever changes something must not let through what it has just ended. @throws ForgeError BROKER_UNAVAILABLE */
  refresh(): Promise<void> {
    return insist(this.connection, 'read the revocations', () => this.#read());
  }

  /** Whether a token is revoked, or its tenant not let in, as far as this service knows. @throws ForgeError BROKER_UNAVAILABLE when that is too long ago */
  isRevoked({ id, session, subject, generation, tenant }: Revocable, nowMs = Date.now()): boolean {
    if (nowMs - this.#readAtMs > MAX_STALE_MS)
      throw new ForgeError('BROKER_UNAVAILABLE', 'nobody knows which tokens are revoked: the broker does not answer');
    return (
      this.#tenants.get(tenant)?.isDisabled !== false ||
      this.#value(`token.${id}`) > 0 ||
      (session !== undefined && this.#value(`session.${session}`) > 0) ||
      generation < this.#value(`subject.${subject}`)
    );
  }

  #value(key: string): number {
    return this.#revoked.get(key)?.value ?? 0;
  }

  async #revoke(key: string, value: number): Promise<void> {
    const subject = `$KV.${REVOCATION_BUCKET}.${key}`;
    await insist(this.connection, 'revoke', () => this.manager.jetstream().publish(subject, String(value)));
    await this.refresh();
  }

  /** What fails now is tried again soon; how long reading has failed is seen by the time of the last success. */
  async #repeat(way: () => Promise<void>, pauseMs: number): Promise<void> {
    const { signal } = this.#stop;
    while (!signal.aborted && !this.connection.isClosed()) {
      await way().catch(() => undefined);
      await sleep(pauseMs, undefined, { signal }).catch(() => undefined);
    }
  }

  async #read(): Promise<void> {
    const startedAtMs = Date.now();
    await Promise.all(this.#tails.map((tail) => tail.read()));
    this.#readAtMs = startedAtMs;
    for (const [key, { readAtMs }] of this.#revoked) {
      if (readAtMs > startedAtMs - REVOCATION_MAX_AGE_MS) break;
      this.#revoked.delete(key);
    }
  }

  #rememberRevoked(key: string, value: number): void {
    // Put behind the others: what is read first is forgotten first.
    this.#revoked.delete(key);
    this.#revoked.set(key, { value, readAtMs: Date.now() });
  }

  #rememberTenant(key: string, text: string): void {
    const id = key.slice(TENANT_PREFIX.length);
    try {
      this.#tenants.set(id, JSON.parse(text) as { isDisabled: boolean });
    } catch {
      // Removed, or no record of ours: nobody of it is let in.
      this.#tenants.delete(id);
    }
  }
}
