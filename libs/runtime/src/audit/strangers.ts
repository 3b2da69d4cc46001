import { randomBytes } from 'node:crypto';
import { ulid, type AuditEvent, type AuditLog } from '@agent-forge/contracts';

/** How much of what strangers do is recorded one by one. */
export interface StrangerLimits {
  readonly windowMs: number;
  /** Events of one address in a window. */
  readonly perAddress: number;
  /** Events of all addresses in a window. */
  readonly overall: number;
  /** Addresses with an event of their own for what is over that. */
  readonly sums: number;
}

/** A person who mistypes a secret is far below; a flood of denials leaves under 60 MB a day in the log. */
const LIMITS: StrangerLimits = { windowMs: 60_000, perAddress: 20, overall: 60, sums: 20 };
/** Where what is summed up over many requests or addresses stands. */
const SEVERAL = 'several';

/**
 * Keeps those whom nobody knows from filling the audit log, which would stop all changes: in each window a number of their events is recorded one by
 * one, and what is over that is counted and recorded at its end, one event for each address. Events of known callers pass through.
 */
export class Strangers {
  readonly #recorded = new Map<string, number>();
  readonly #sums = new Map<string, AuditEvent & { count: number }>();
  #total = 0;
  #window: NodeJS.Timeout | undefined;

  /** @param onError hears of sums that could not be recorded; nobody waits for them */
  constructor(
    private readonly log: AuditLog,
    private readonly onError: (error: unknown) => void,
    private readonly limits: StrangerLimits = LIMITS,
  ) {}

  /** Records an event, or counts it. @throws ForgeError as {@link AuditLog.append} does */
  async append(event: AuditEvent): Promise<void> {
    if (event.actor !== undefined) return this.log.append(event);
    this.#window ??= setTimeout(() => void this.flush(), this.limits.windowMs).unref();
    const recorded = this.#recorded.get(event.from) ?? 0;
    if (recorded >= this.limits.perAddress || this.#total >= this.limits.overall) return this.#count(event);
    this.#recorded.set(event.from, recorded + 1);
    this.#total += 1;
    return this.log.append(event);
  }

  /** Ends the window: records what was counted. */
  async flush(): Promise<void> {
    clearTimeout(this.#window);
    this.#window = undefined;
    const sums = [...this.#sums.values()];
    this.#recorded.clear();
    this.#sums.clear();
    this.#total = 0;
    await Promise.all(sums.map((sum) => this.log.append(sum).catch(this.onError)));
  }

  #count(event: AuditEvent): void {
    const hasRoom = this.#sums.has(event.from) || this.#sums.size < this.limits.sums;
    const from = hasRoom ? event.from : SEVERAL;
    const id = ulid(Date.now(), randomBytes(10));
    const count = (this.#sums.get(from)?.count ?? 0) + 1;
    this.#sums.set(from, { ...event, id, from, action: SEVERAL, resource: SEVERAL, requestId: SEVERAL, count });
  }
}
