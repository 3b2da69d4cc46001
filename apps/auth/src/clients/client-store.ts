import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import { ForgeError, isId, type Caller } from '@agent-forge/contracts';
import { Type, type Static } from '@sinclair/typebox';
import { Value } from '@sinclair/typebox/value';
import { privateFile } from '../private-file.js';
import { hashSecret, verifySecret, type SecretHash } from './secret-hash.js';

/** 256 bits: nobody guesses it, however fast they try. */
const SECRET_BYTES = 32;
/** No secret of ours is longer; hashing more would only be work for whoever sends it. */
const MAX_SECRET_LENGTH = 256;
/** The tenant of the first client. */
const FIRST_TENANT = 'main';

const Hex = Type.String({ pattern: '^[0-9a-f]{32,64}$' });
const Id = Type.String({ pattern: '^[a-z0-9]{1,40}$' });
const Clients = Type.Array(
  Type.Object({ id: Id, tenant: Id, secret: Type.Object({ salt: Hex, hash: Hex }) }, { additionalProperties: false }),
);
const Credentials = Type.Object({ clientId: Id, clientSecret: Type.String({ minLength: SECRET_BYTES }) });

/** What a client shows to get tokens. */
export type Credentials = Static<typeof Credentials>;

/** The clients that may get tokens; of their secrets only hashes are kept. */
export class ClientStore {
  private constructor(
    private readonly clients: Static<typeof Clients>,
    /** For unknown clients, so that they cannot be told from known ones by the time of the answer. */
    private readonly nobody: SecretHash,
  ) {}

  /**
   * Opens `<dir>/clients.json`. At the first start it gets one client, `admin`, whose random secret stands in `<dir>/admin.json` for its owner
   * alone and nowhere else.
   * @throws ForgeError STORE_UNAVAILABLE, or INVALID_ARGUMENT when a file is damaged or others may read it
   */
  static async open(dir: string): Promise<ClientStore> {
    const path = join(dir, 'clients.json');
    const text = await privateFile(path, async () => {
      const { clientId: id, clientSecret } = await adminCredentials(dir);
      return JSON.stringify([{ id, tenant: FIRST_TENANT, secret: await hashSecret(clientSecret) }]);
    });
    return new ClientStore(parse(Clients, path, text), await hashSecret(randomBytes(SECRET_BYTES).toString('hex')));
  }

  /** The caller whose credentials these are; undefined when they are nobody's. */
  async authenticate({ clientId, clientSecret }: Credentials): Promise<Caller | undefined> {
    const client = isId(clientId) ? this.clients.find(({ id }) => id === clientId) : undefined;
    const isRight = await verifySecret(clientSecret.slice(0, MAX_SECRET_LENGTH), client?.secret ?? this.nobody);
    return client && isRight ? { subject: client.id, tenant: client.tenant } : undefined;
  }
}

/** The credentials of the first client, made when they are first asked for. */
async function adminCredentials(dir: string): Promise<Credentials> {
  const path = join(dir, 'admin.json');
  const text = await privateFile(path, async () => {
    const credentials = { clientId: 'admin', clientSecret: randomBytes(SECRET_BYTES).toString('base64url') };
    return JSON.stringify(credentials);
  });
  return parse(Credentials, path, text);
}

function parse<S extends typeof Clients | typeof Credentials>(schema: S, path: string, text: string): Static<S> {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    value = undefined;
  }
  if (Value.Check(schema, value)) return value;
  throw new ForgeError('INVALID_ARGUMENT', `${path} is damaged; restore it, or remove it to begin anew`);
}
