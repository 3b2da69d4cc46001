import {
  FIRST_TENANT,
  ForgeError,
  isDigest,
  type ArtifactStore,
  type Caller,
  type RecordStore,
} from '@agent-forge/contracts';
import type { RunIndex } from '../runs/run-index.js';

/**
 * Which artifacts are whose. They are named by their content, so that several tenants can have the same one; a tenant has what it has uploaded, what
 * its runs have read and made, and all that these were made from. The first tenant runs the installation, and has everything.
 */
export class Holdings {
  /** What artifacts were made from, which never changes. */
  readonly #origins = new Map<string, readonly string[]>();

  constructor(
    private readonly records: RecordStore,
    private readonly index: RunIndex,
    private readonly store: ArtifactStore,
  ) {}

  /** Notes that a caller has uploaded an artifact. @throws ForgeError BROKER_UNAVAILABLE, STORE_UNAVAILABLE */
  async add({ tenant, subject }: Caller, id: string): Promise<void> {
    await this.records.create(`${tenant}.${id}`, { by: subject, at: new Date().toISOString() });
  }

  /** @throws ForgeError ARTIFACT_NOT_FOUND, as for what is not there at all */
  async assertHas(caller: Caller, id: string): Promise<void> {
    if (!isDigest(id) || (await this.has(caller, id))) return;
    throw new ForgeError('ARTIFACT_NOT_FOUND', `there is no artifact ${id} in the store`);
  }

  async has(caller: Caller, id: string): Promise<boolean> {
    // Most ask for what a run of theirs has made.
    return this.index.namedBy(caller.tenant).has(id) || (await this.filterFor(caller))(id);
  }

  /** Tells of many artifacts, one by one, whether a caller's tenant has them. */
  async filterFor({ tenant }: Caller): Promise<(id: string) => Promise<boolean>> {
    if (tenant === FIRST_TENANT) return async () => true;
    const ofRuns = await this.#ofRuns(tenant);
    return async (id) => ofRuns.has(id) || (await this.records.get(`${tenant}.${id}`)) !== undefined;
  }

  /** All that the runs of a tenant name, and what that was made from. */
  async #ofRuns(tenant: string): Promise<Set<string>> {
    const found = new Set<string>();
    const open = [...this.index.namedBy(tenant)];
    for (let id = open.pop(); id !== undefined; id = open.pop()) {
      if (found.has(id)) continue;
      found.add(id);
      open.push(...(await this.#originsOf(id)));
    }
    return found;
  }

  async #originsOf(id: string): Promise<readonly string[]> {
    const known = this.#origins.get(id);
    if (known !== undefined) return known;
    const { lineage } = await this.store.manifest(id).catch(() => ({ lineage: undefined }));
    if (lineage === undefined) return [];
    const origins = [...lineage.parents, ...lineage.data];
    this.#origins.set(id, origins);
    return origins;
  }
}
