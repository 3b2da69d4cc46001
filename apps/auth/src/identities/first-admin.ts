import { join } from 'node:path';
import { FIRST_TENANT, ForgeError } from '@agent-forge/contracts';
import { Type } from '@sinclair/typebox';
import { Value } from '@sinclair/typebox/value';
import { privateFile } from '../private-file.js';
import { digestOf, makeSecret, SECRET_BYTES } from '../secrets/secret-digest.js';
import { nextGeneration, type Principal } from './principal.js';
import type { Principals } from './principals.js';
import type { Tenants } from './tenants.js';

/** The first client. */
export const FIRST_CLIENT = 'admin';
/** Replicas with folders of their own have each a secret of their own. */
const MAX_SECRETS = 8;
/** A random secret of 32 bytes or more has more; what has fewer was thought up, or is "changeme" many times. */
const MIN_DISTINCT = 12;

const Credentials = Type.Object(
  { clientId: Type.Literal(FIRST_CLIENT), clientSecret: Type.String({ minLength: SECRET_BYTES, maxLength: 256 }) },
  { additionalProperties: false },
);

/**
 * Sees to it that there is a client `admin` with the secret of `<dir>/admin.json`, a file for its owner alone, made with a random secret where
 * there is none. Whoever can write that folder runs the installation anyhow: removing the file and starting again is the way back in.
 * @throws ForgeError INVALID_ARGUMENT when the file is damaged, weak, withdrawn, or others may read it
 */
export async function ensureFirstAdmin(dir: string, principals: Principals, tenants: Tenants): Promise<void> {
  const path = join(dir, 'admin.json');
  const secret = digestOf(await readSecret(path));
  await tenants.add(FIRST_TENANT, FIRST_CLIENT);
  if (await principals.add(firstAdmin(secret))) return;
  const { secrets = [], withdrawn = [] } = (await principals.get(FIRST_CLIENT))!;
  if (withdrawn.includes(secret))
    throw new ForgeError('INVALID_ARGUMENT', `the secret in ${path} was withdrawn; remove the file to get a new one`);
  if (secrets.includes(secret)) return;
  await principals.amend(FIRST_CLIENT, (admin) => ({
    ...admin,
    secrets: [...(admin.secrets ?? []), secret].slice(-MAX_SECRETS),
  }));
}

async function readSecret(path: string): Promise<string> {
  const text = await privateFile(path, async () =>
    JSON.stringify({ clientId: FIRST_CLIENT, clientSecret: makeSecret() }),
  );
  const credentials = parse(text);
  if (!Value.Check(Credentials, credentials))
    throw new ForgeError('INVALID_ARGUMENT', `${path} is damaged; restore it, or remove it to get a new secret`);
  const { clientSecret } = credentials;
  if (new Set(clientSecret).size < MIN_DISTINCT)
    throw new ForgeError('INVALID_ARGUMENT', `the secret in ${path} is weak; remove the file to get a random one`);
  return clientSecret;
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function firstAdmin(secret: string): Principal {
  return {
    id: FIRST_CLIENT,
    kind: 'client',
    tenant: FIRST_TENANT,
    role: 'admin',
    isDisabled: false,
    generation: nextGeneration(),
    createdAt: new Date().toISOString(),
    createdBy: FIRST_CLIENT,
    secrets: [secret],
  };
}
