import { randomBytes } from 'node:crypto';
import { hash, verify } from '@node-rs/argon2';
import { ForgeError } from '@agent-forge/contracts';

/** Memory and passes as RFC 9106 recommends for machines with little memory, in one lane: 64 MiB and about 40 ms (docs/LOG.md, identities). */
const COST = { memoryCost: 65_536, timeCost: 3, parallelism: 1 } as const;
/** Each takes memory and a thread; more at once would take them from everything else. */
const MAX_AT_ONCE = 2;
/** Whoever would wait longer than these take is sent away. */
const MAX_WAITING = 32;

/** Hashes passwords with argon2id, a few at a time. */
export class PasswordHasher {
  #running = 0;
  readonly #waiting: (() => void)[] = [];
  /** Of a password that nobody has: for unknown users, so that they cannot be told from known ones by the time of the answer. */
  #nobody: Promise<string> | undefined;

  /** The hash in PHC form, with its salt and its cost. @throws ForgeError TOO_MANY_ATTEMPTS */
  hash(password: string): Promise<string> {
    return this.#inTurn(() => hash(password, COST));
  }

  /** Whether a password is the one that was hashed; without a hash it never is, after the same work. @throws ForgeError TOO_MANY_ATTEMPTS */
  async verify(password: string, phc: string | undefined): Promise<boolean> {
    const against = phc ?? (await (this.#nobody ??= hash(randomBytes(32), COST)));
    const isRight = await this.#inTurn(() => verify(against, password));
    return isRight && phc !== undefined;
  }

  async #inTurn<T>(work: () => Promise<T>): Promise<T> {
    if (this.#waiting.length >= MAX_WAITING)
      throw new ForgeError('TOO_MANY_ATTEMPTS', 'too many logins at once; try again in a moment');
    if (this.#running >= MAX_AT_ONCE) await new Promise<void>((resolve) => this.#waiting.push(resolve));
    else this.#running += 1;
    try {
      return await work();
    } finally {
      // The place goes on to whoever waits longest, so that nobody can come between.
      const next = this.#waiting.shift();
      if (next === undefined) this.#running -= 1;
      else next();
    }
  }
}
