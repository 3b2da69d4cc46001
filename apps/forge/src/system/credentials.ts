import { readFile } from 'node:fs/promises';
import { join } from 'node:path';

/** How a client logs in. */
export interface Credentials {
  readonly clientId: string;
  readonly clientSecret: string;
}

/** Where the local credential lies: the secret of this installation's own client, by which commands on this machine are let in. It is no person's. */
function credentialsFile(dataDir: string): string {
  return join(dataDir, 'auth', 'admin.json');
}

/** The local credential. @throws when there is none, or when it cannot be read */
export async function readCredentials(dataDir: string): Promise<Credentials> {
  return JSON.parse(await readFile(credentialsFile(dataDir), 'utf8')) as Credentials;
}
