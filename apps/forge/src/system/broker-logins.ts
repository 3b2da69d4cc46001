import { randomBytes } from 'node:crypto';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { ForgeError } from '@agent-forge/contracts';
import { authorizationBlock, loginOf } from '@agent-forge/nats';
import { SERVICES } from './broker.js';

/** What a broker includes. */
export const AUTHORIZATION_FILE = 'authorization.conf';
const ADMIN = 'forge';

/**
 * Makes logins for a broker of one's own: one for each service with the least permissions that it needs, and one for whoever makes the streams.
 * Files can be read by their owner only.
 * @param dir a folder that does not exist
 * @returns the names of the files in it
 * @throws ForgeError FILE_EXISTS
 */
export async function writeBrokerLogins(dir: string): Promise<string[]> {
  await mkdir(dir, { mode: 0o700 }).catch((error: unknown) => {
    throw new ForgeError(
      'FILE_EXISTS',
      `cannot make the folder ${dir}: ${String(error)}; name one that does not exist`,
      error,
    );
  });
  const password = randomBytes(24).toString('hex');
  const logins = SERVICES.map((service) => loginOf(service, password));
  const users = [{ user: ADMIN, password, isAdmin: true }, ...logins.map((login) => ({ ...login, isAdmin: false }))];
  const files = new Map([
    [AUTHORIZATION_FILE, `${authorizationBlock(users)}\n`],
    ['admin.env', environment({ NATS_USER: ADMIN, NATS_PASSWORD: password })],
  ]);
  for (const { user, password: own, inbox } of logins)
    files.set(
      `${user}.env`,
      environment({ NATS_USER: user, NATS_PASSWORD: own, NATS_INBOX_PREFIX: inbox, FORGE_STREAMS: 'await' }),
    );
  for (const [name, text] of files) await writeFile(join(dir, name), text, { mode: 0o600 });
  return [...files.keys()];
}

/** Lines as `kubectl create secret --from-env-file` and `docker run --env-file` read them. */
function environment(values: Record<string, string>): string {
  return Object.entries(values)
    .map(([name, value]) => `${name}=${value}\n`)
    .join('');
}
