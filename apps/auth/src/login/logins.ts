import type { Principal } from '../identities/principal.js';
import type { Principals } from '../identities/principals.js';
import { MAX_PASSWORD_LENGTH } from '../secrets/password-rules.js';
import type { PasswordHasher } from '../secrets/password-hasher.js';
import type { ServiceSecret } from '../secrets/service-secret.js';
import type { LoginAttempts } from './login-attempts.js';

/** Names that nobody has share this many counters, so that whoever tries ever new ones does not fill the store. */
const STRANGER_SLOTS = 1_024;

/** Logins of users with their passwords. */
export class Logins {
  constructor(
    private readonly principals: Principals,
    private readonly attempts: LoginAttempts,
    private readonly passwords: PasswordHasher,
    private readonly secret: ServiceSecret,
  ) {}

  /**
   * The user of a name and a password; undefined when there is none, whatever is wrong, after the same work.
   * @throws LockedOut, ForgeError TOO_MANY_ATTEMPTS
   */
  async authenticate(name: string, password: string): Promise<Principal | undefined> {
    const found = await this.principals.get(name);
    const user = found?.kind === 'user' ? found : undefined;
    const counter = user ? `user.${user.id}` : `stranger.${this.#slot(name)}`;
    await this.attempts.begin(counter);
    const isRight = await this.passwords.verify(password.slice(0, MAX_PASSWORD_LENGTH + 1), user?.password);
    if (!user || !isRight || user.isDisabled) return undefined;
    await this.attempts.succeeded(counter);
    return user;
  }

  /** Nobody outside can find two names of one slot, and so learn from a locked one that there is no such user. */
  #slot(name: string): number {
    return Buffer.from(this.secret.authenticate('stranger', name), 'base64url').readUInt32BE() % STRANGER_SLOTS;
  }
}
