import { ForgeError, isId, type RecordStore } from '@agent-forge/contracts';
import type { Revocations } from '@agent-forge/nats';
import { nextGeneration, type Principal } from './principal.js';

/** Each lost race means that another change was made; more in a row are no accident. */
const MAX_CONFLICTS = 20;
const PREFIX = 'principal';

/** All users and clients. */
export class Principals {
  constructor(
    private readonly records: RecordStore,
    private readonly revocations: Pick<Revocations, 'revokeBefore'>,
  ) {}

  /** A principal; undefined also for what can be no id. */
  async get(id: unknown): Promise<Principal | undefined> {
    return isId(id) ? (await this.records.get<Principal>(`${PREFIX}.${id}`))?.value : undefined;
  }

  /** Those of one kind, of a tenant or of all, in the order of their ids. */
  async list(kind: Principal['kind'], tenant?: string): Promise<Principal[]> {
    const all = await this.records.list<Principal>(PREFIX);
    return all.filter((each) => each.kind === kind && (tenant === undefined || each.tenant === tenant));
  }

  /** @returns false when the name is taken */
  add(principal: Principal): Promise<boolean> {
    return this.records.create(`${PREFIX}.${principal.id}`, principal);
  }

  /**
   * Changes a principal, and ends its tokens and sessions of before.
   * @param change may be called again when somebody else was first
   * @throws ForgeError NOT_FOUND
   */
  async change(id: string, change: (before: Principal) => Principal): Promise<Principal> {
    const after = await this.amend(id, (before) => ({
      ...change(before),
      generation: nextGeneration(before.generation),
    }));
    await this.#endBefore(id, after.generation);
    return after;
  }

  /** Changes what does not matter to tokens and sessions that there are. @throws ForgeError NOT_FOUND */
  async amend(id: string, change: (before: Principal) => Principal): Promise<Principal> {
    for (let conflicts = 0; conflicts < MAX_CONFLICTS; conflicts++) {
      const before = await this.records.get<Principal>(`${PREFIX}.${id}`);
      if (before === undefined) throw new ForgeError('NOT_FOUND', `there is no "${id}"`);
      const after = change(before.value);
      if (await this.records.update(`${PREFIX}.${id}`, after, before.revision)) return after;
    }
    throw new ForgeError('BROKER_UNAVAILABLE', `"${id}" is being changed by too many at once; try again`);
  }

  /** Whoever publishes last has looked since whether somebody went further, so that none of many at once takes another's back. */
  async #endBefore(id: string, generation: number): Promise<void> {
    await this.revocations.revokeBefore(id, generation);
    const now = await this.get(id);
    if (now !== undefined && now.generation > generation) await this.#endBefore(id, now.generation);
  }

  /** Forgets a principal; all that it was given ends. */
  async remove({ id, generation }: Principal): Promise<void> {
    await this.records.remove(`${PREFIX}.${id}`);
    await this.revocations.revokeBefore(id, nextGeneration(generation));
  }
}
