import { randomBytes } from 'node:crypto';
import { apiKeyId, ForgeError, formatApiKey, ulid, type RecordStore, type Scope } from '@agent-forge/contracts';
import type { Revocations } from '@agent-forge/nats';
import { digestOf, isSecretOf, SECRET_BYTES } from '../secrets/secret-digest.js';

/** A key in place of a login, for programs; its text is shown once and not kept. */
export interface ApiKey {
  readonly id: string;
  /** The principal that it speaks for. */
  readonly owner: string;
  readonly tenant: string;
  /** For people. */
  readonly name: string;
  /** What it is good for: never more than its owner may. */
  readonly scopes: readonly Scope[];
  /** SHA-256 of the whole text. */
  readonly digest: string;
  /** RFC 3339. */
  readonly createdAt: string;
  readonly expiresAt: string;
}

/** Whoever needs more has forgotten to revoke some. */
const MAX_KEYS_OF_OWNER = 50;
const PREFIX = 'key';

/** All API keys. */
export class ApiKeys {
  constructor(
    private readonly records: RecordStore,
    private readonly revocations: Pick<Revocations, 'revokeSession'>,
  ) {}

  /** Makes a key. @returns it and its text, which nobody can get again @throws ForgeError INVALID_ARGUMENT for one too many */
  async make(
    key: Pick<ApiKey, 'owner' | 'tenant' | 'name' | 'scopes' | 'expiresAt'>,
  ): Promise<{ key: ApiKey; text: string }> {
    if ((await this.list({ owner: key.owner })).length >= MAX_KEYS_OF_OWNER)
      throw new ForgeError('INVALID_ARGUMENT', `there are ${MAX_KEYS_OF_OWNER} keys already; revoke one first`);
    const id = ulid(Date.now(), randomBytes(10));
    const text = formatApiKey(id, randomBytes(SECRET_BYTES));
    const made: ApiKey = { id, ...key, digest: digestOf(text), createdAt: new Date().toISOString() };
    await this.records.create(`${PREFIX}.${id}`, made);
    return { key: made, text };
  }

  /** The key of a text; undefined when it is none, is revoked or has ended. */
  async find(text: string): Promise<ApiKey | undefined> {
    const id = apiKeyId(text);
    const key = id === undefined ? undefined : await this.get(id);
    return key && isSecretOf(text, key.digest) && Date.parse(key.expiresAt) > Date.now() ? key : undefined;
  }

  async get(id: string): Promise<ApiKey | undefined> {
    return (await this.records.get<ApiKey>(`${PREFIX}.${id}`))?.value;
  }

  /** Oldest first. */
  async list({ owner, tenant }: { owner?: string; tenant?: string | undefined }): Promise<ApiKey[]> {
    const all = await this.records.list<ApiKey>(PREFIX);
    return all.filter(
      (key) => (owner === undefined || key.owner === owner) && (tenant === undefined || key.tenant === tenant),
    );
  }

  /** Ends a key, and all tokens that were given for it. */
  async revoke({ id }: ApiKey): Promise<void> {
    await this.records.remove(`${PREFIX}.${id}`);
    await this.revocations.revokeSession(id);
  }

  /** Ends all keys of an owner that is gone: another of the same name must not have them. */
  async revokeAllOf(owner: string): Promise<void> {
    await Promise.all((await this.list({ owner })).map((key) => this.revoke(key)));
  }
}
