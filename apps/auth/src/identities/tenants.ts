import { FIRST_TENANT, ForgeError, isId, type RecordStore } from '@agent-forge/contracts';
import type { Revocations } from '@agent-forge/nats';

/** Whose resources are kept apart from those of all others. */
export interface Tenant {
  readonly id: string;
  /** Whether nobody of it gets in for now. */
  readonly isDisabled: boolean;
  /** RFC 3339. */
  readonly createdAt: string;
  readonly createdBy: string;
}

/** Every service reads these records, to know whom it lets in. */
const PREFIX = 'tenant';

/** All tenants. */
export class Tenants {
  constructor(
    private readonly records: RecordStore,
    private readonly revocations: Pick<Revocations, 'refresh'>,
  ) {}

  async get(id: unknown): Promise<Tenant | undefined> {
    return isId(id) ? (await this.records.get<Tenant>(`${PREFIX}.${id}`))?.value : undefined;
  }

  /** In the order of their ids. */
  list(): Promise<Tenant[]> {
    return this.records.list(PREFIX);
  }

  /** @returns undefined when the name is taken */
  async add(id: string, createdBy: string): Promise<Tenant | undefined> {
    const tenant: Tenant = { id, isDisabled: false, createdAt: new Date().toISOString(), createdBy };
    if (!(await this.records.create(`${PREFIX}.${id}`, tenant))) return undefined;
    await this.revocations.refresh();
    return tenant;
  }

  /** Lets nobody of a tenant in, or lets them in again. @throws ForgeError NOT_FOUND, INVALID_ARGUMENT */
  async disable(id: string, isDisabled: boolean): Promise<Tenant> {
    if (id === FIRST_TENANT)
      throw new ForgeError('INVALID_ARGUMENT', `"${FIRST_TENANT}" runs the installation; it stays`);
    const record = isId(id) ? await this.records.get<Tenant>(`${PREFIX}.${id}`) : undefined;
    if (record === undefined) throw new ForgeError('NOT_FOUND', 'there is no such tenant');
    const tenant = { ...record.value, isDisabled };
    if (!(await this.records.update(`${PREFIX}.${id}`, tenant, record.revision)))
      throw new ForgeError('BROKER_UNAVAILABLE', 'somebody else is changing the tenant; try again');
    await this.revocations.refresh();
    return tenant;
  }
}
