import { randomUUID } from 'node:crypto';
import { chmod, link, mkdir, open, readFile, rm, stat } from 'node:fs/promises';
import { dirname } from 'node:path';
import { ForgeError } from '@agent-forge/contracts';

const OWNER_ONLY = 0o600;
const OTHERS = 0o077;

/**
 * The content of a file that only its owner may read. Where there is none it is made, whole or not at all; of several processes that make it
 * at the same time one wins, and all get its content.
 * @throws ForgeError STORE_UNAVAILABLE, or INVALID_ARGUMENT when others may read it
 */
export async function privateFile(path: string, make: () => Promise<string>): Promise<string> {
  try {
    const present = await readPrivate(path);
    if (present !== undefined) return present;
    await createPrivate(path, await make());
    return (await readPrivate(path)) ?? '';
  } catch (error) {
    if (error instanceof ForgeError) throw error;
    throw new ForgeError(
      'STORE_UNAVAILABLE',
      `cannot keep ${path}: ${error instanceof Error ? error.message : error}`,
      error,
    );
  }
}

async function readPrivate(path: string): Promise<string | undefined> {
  const info = await stat(path).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return undefined;
    throw error;
  });
  if (info === undefined) return undefined;
  if ((info.mode & OTHERS) !== 0) {
    throw new ForgeError('INVALID_ARGUMENT', `${path} holds a secret, but others may read it; run: chmod 600 ${path}`);
  }
  return readFile(path, 'utf8');
}

async function createPrivate(path: string, content: string): Promise<void> {
  await mkdir(dirname(path), { recursive: true });
  await chmod(dirname(path), 0o700);
  const temporary = `${path}.${randomUUID()}`;
  const file = await open(temporary, 'wx', OWNER_ONLY);
  try {
    await file.writeFile(content);
    await file.sync();
    await file.close();
    // Unlike a rename, a link never takes the place of a file that another process has made meanwhile.
    await link(temporary, path).catch((error: NodeJS.ErrnoException) => {
      if (error.code !== 'EEXIST') throw error;
    });
  } finally {
    await file.close().catch(() => undefined);
    await rm(temporary, { force: true });
  }
}
