import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { NatsOptions } from '../connection.js';
import { firstLogin } from '../access/authorization.js';
import { FILES } from './config.js';
import { livingHolder } from './lock.js';
import { readAddresses } from './server.js';

/**
 * The way to the embedded server that another process runs on a data directory; undefined when none runs there. The login is its administrator's, and
 * stands in its configuration, which only the owner of the directory can read.
 */
export async function findEmbeddedServer(dataDir: string): Promise<Omit<NatsOptions, 'name'> | undefined> {
  const dir = join(dataDir, 'nats');
  if ((await livingHolder(join(dir, 'lock'))) === undefined) return undefined;
  const addresses = await readAddresses(join(dir, FILES.ports)).catch(() => undefined);
  const login = firstLogin(await readFile(join(dir, FILES.config), 'utf8').catch(() => ''));
  return addresses && login && { servers: addresses.url, ...login };
}
