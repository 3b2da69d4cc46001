import {
  assertId,
  FIRST_TENANT,
  ForgeError,
  type Caller,
  type PrincipalChange,
  type Role,
  type Scope,
} from '@agent-forge/contracts';
import type { PasswordHasher } from '../secrets/password-hasher.js';
import { assertGoodPassword } from '../secrets/password-rules.js';
import { digestOf, makeSecret } from '../secrets/secret-digest.js';
import type { ApiKeys } from './api-keys.js';
import { nextGeneration, type Principal } from './principal.js';
import type { Principals } from './principals.js';
import type { Tenants } from './tenants.js';

type Kind = Principal['kind'];

/** Who is to be made. */
interface Draft {
  readonly id: string;
  readonly role: Role;
  readonly tenant?: string | undefined;
}

/** What admins may do with users and clients: those of the first tenant with all, others with those of their own tenant. */
export class Administration {
  constructor(
    private readonly principals: Principals,
    private readonly tenants: Tenants,
    private readonly keys: ApiKeys,
    private readonly passwords: PasswordHasher,
  ) {}

  list(caller: Caller, kind: Kind): Promise<Principal[]> {
    return this.principals.list(kind, isHost(caller) ? undefined : caller.tenant);
  }

  /** @throws ForgeError NOT_FOUND, also for what is of another tenant or another kind */
  async get(caller: Caller, kind: Kind, id: string): Promise<Principal> {
    const found = await this.principals.get(id);
    if (found?.kind === kind && mayManage(caller, found.tenant)) return found;
    throw new ForgeError('NOT_FOUND', `there is no such ${kind}`);
  }

  /** @throws ForgeError INVALID_ARGUMENT for a name that is taken or a weak password, NOT_FOUND for the tenant */
  async addUser(caller: Caller, draft: Draft & { password: string }): Promise<Principal> {
    assertGoodPassword(draft.password, draft.id);
    const blank = await this.#draft(caller, 'user', draft);
    return this.#add({ ...blank, password: await this.passwords.hash(draft.password) });
  }

  /** @returns the client and its secret, which nobody can get again @throws as {@link addUser} does */
  async addClient(caller: Caller, draft: Draft & { scopes?: readonly Scope[] | undefined }) {
    const blank = await this.#draft(caller, 'client', draft);
    const secret = makeSecret();
    const limits = draft.scopes === undefined ? {} : { scopes: draft.scopes };
    return { client: await this.#add({ ...blank, ...limits, secrets: [digestOf(secret)] }), secret };
  }

  /** Changes role or state; tokens and sessions of before end. @throws ForgeError NOT_FOUND, FORBIDDEN for oneself */
  async change(caller: Caller, kind: Kind, id: string, { role, isDisabled }: PrincipalChange): Promise<Principal> {
    await this.#other(caller, kind, id);
    return this.principals.change(id, (before) => ({
      ...before,
      role: role ?? before.role,
      isDisabled: isDisabled ?? before.isDisabled,
    }));
  }

  /** Gives another user a new password; sessions of before end. @throws ForgeError NOT_FOUND, INVALID_ARGUMENT, FORBIDDEN */
  async resetPassword(caller: Caller, id: string, password: string): Promise<void> {
    await this.#other(caller, 'user', id);
    await this.setPassword(id, password);
  }

  /** @throws ForgeError INVALID_ARGUMENT for a weak one */
  async setPassword(id: string, text: string): Promise<void> {
    assertGoodPassword(text, id);
    const password = await this.passwords.hash(text);
    await this.principals.change(id, (before) => ({ ...before, password }));
  }

  /** Gives a client a new secret; those of before, and their tokens, end for good. @throws ForgeError NOT_FOUND */
  async rotateSecret(caller: Caller, id: string): Promise<{ client: Principal; secret: string }> {
    await this.get(caller, 'client', id);
    const secret = makeSecret();
    const client = await this.principals.change(id, (before) => ({
      ...before,
      secrets: [digestOf(secret)],
      withdrawn: [...(before.withdrawn ?? []), ...(before.secrets ?? [])],
    }));
    return { client, secret };
  }

  /** Removes a user or a client with its keys. @throws ForgeError NOT_FOUND, FORBIDDEN for oneself */
  async remove(caller: Caller, kind: Kind, id: string): Promise<void> {
    const principal = await this.#other(caller, kind, id);
    await this.keys.revokeAllOf(id);
    await this.principals.remove(principal);
  }

  /** Since no admin can end itself, there is always one. */
  async #other(caller: Caller, kind: Kind, id: string): Promise<Principal> {
    if (id === caller.subject)
      throw new ForgeError('FORBIDDEN', 'nobody takes rights from themselves; ask another admin');
    return this.get(caller, kind, id);
  }

  async #draft(caller: Caller, kind: Kind, { id, role, tenant = caller.tenant }: Draft): Promise<Principal> {
    assertId(id, 'id');
    if (!mayManage(caller, tenant) || (await this.tenants.get(tenant)) === undefined)
      throw new ForgeError('NOT_FOUND', 'there is no such tenant');
    const made = { createdAt: new Date().toISOString(), createdBy: caller.subject };
    return { id, kind, tenant, role, isDisabled: false, generation: nextGeneration(), ...made };
  }

  async #add(principal: Principal): Promise<Principal> {
    if (await this.principals.add(principal)) return principal;
    throw new ForgeError('INVALID_ARGUMENT', 'id: there is a user or a client of this name already');
  }
}

/** Whether a caller is of the tenant that runs the installation. */
export function isHost({ tenant }: Caller): boolean {
  return tenant === FIRST_TENANT;
}

/** @throws ForgeError FORBIDDEN unless a caller is of the tenant that runs the installation */
export function assertHost(caller: Caller): void {
  if (!isHost(caller)) throw new ForgeError('FORBIDDEN', 'this is for admins of the first tenant');
}

/** Whether a caller who may manage identities may manage those of a tenant. */
export function mayManage(caller: Caller, tenant: string): boolean {
  return isHost(caller) || caller.tenant === tenant;
}
