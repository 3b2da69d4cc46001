import { readFile } from 'node:fs/promises';
import { join } from 'node:path';

/** How a client logs in. */
export interface Credentials {
  readonly clientId: string;
  readonly clientSecret: string;
}

/** Where the credentials of the first client lie. */
export function credentialsFile(dataDir: string): string {
  return join(dataDir, 'auth', 'admin.json');
}

/** The first client of an installation. @throws when there is none, or when it cannot be read */
export async function readCredentials(dataDir: string): Promise<Credentials> {
  return JSON.parse(await readFile(credentialsFile(dataDir), 'utf8')) as Credentials;
}
