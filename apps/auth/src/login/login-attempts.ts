import { ForgeError, type RecordStore } from '@agent-forge/contracts';

/** Mistakes that cost no wait. */
const FREE_ATTEMPTS = 5;
/** The first wait; each further mistake doubles it. */
const FIRST_WAIT_MS = 1_000;
/** Nobody is locked out for longer; at this pace 96 passwords can be tried in a day. */
const MAX_WAIT_MS = 15 * 60_000;
const MAX_CONFLICTS = 50;

interface Attempts {
  readonly count: number;
  /** Before that nothing is tried (milliseconds since 1970). */
  readonly untilMs: number;
}

/** A login that must wait. */
export class LockedOut extends ForgeError {
  constructor(readonly retryAfterSeconds: number) {
    super('TOO_MANY_ATTEMPTS', `too many failed logins; try again in ${retryAfterSeconds} s`);
  }
}

/** Counts logins that failed in a row, for all replicas together. */
export class LoginAttempts {
  /** @param records forget what nobody has changed for an hour */
  constructor(private readonly records: RecordStore) {}

  /**
   * Counts an attempt before it is made, so that many at once are counted too.
   * @param name whose login it is, as one or more ids
   * @throws LockedOut
   */
  async begin(name: string, nowMs = Date.now()): Promise<void> {
    for (let conflicts = 0; conflicts < MAX_CONFLICTS; conflicts++) {
      const stored = await this.records.get<Attempts>(name);
      const { count = 0, untilMs = 0 } = stored?.value ?? {};
      if (untilMs > nowMs) throw new LockedOut(Math.ceil((untilMs - nowMs) / 1_000));
      const next: Attempts = { count: count + 1, untilMs: nowMs + waitMs(count + 1) };
      const isCounted = stored
        ? await this.records.update(name, next, stored.revision)
        : await this.records.create(name, next);
      if (isCounted) return;
    }
    throw new LockedOut(1);
  }

  /** The attempt was a success: all is forgotten. */
  succeeded(name: string): Promise<void> {
    return this.records.remove(name);
  }
}

function waitMs(count: number): number {
  return count < FREE_ATTEMPTS ? 0 : Math.min(MAX_WAIT_MS, FIRST_WAIT_MS * 2 ** (count - FREE_ATTEMPTS));
}
