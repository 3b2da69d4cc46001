import { randomUUID } from 'node:crypto';
import { mkdir, open, readFile, rename, rm, stat } from 'node:fs/promises';
import { homedir } from 'node:os';
import { isAbsolute, join } from 'node:path';
import { ForgeError } from '@agent-forge/contracts';
import type { Session } from '@agent-forge/sdk';
import { Type, type Static } from '@sinclair/typebox';
import { Value } from '@sinclair/typebox/value';

const OTHERS = 0o077;

const Place = { url: Type.String(), authUrl: Type.String(), subject: Type.String() };
const Stored = Type.Union([
  Type.Object({
    ...Place,
    session: Type.Object({ accessToken: Type.String(), endsAtMs: Type.Number(), refreshToken: Type.String() }),
  }),
  Type.Object({ ...Place, key: Type.String() }),
]);

/** What `forge login` keeps: where, who, and a session with rotating tokens or an API key. */
export type StoredLogin = Static<typeof Stored>;
/** One with a session. */
export type StoredSession = StoredLogin & { session: Session };

/** The folder of a person's settings (XDG Base Directory Specification). */
export function configDir(): string {
  const { XDG_CONFIG_HOME: home } = process.env;
  // The specification wants relative paths ignored.
  return join(home && isAbsolute(home) ? home : join(homedir(), '.config'), 'agent-forge');
}

/** Where the login lies. */
export function loginFile(): string {
  return join(configDir(), 'login.json');
}

/** The login; undefined when there is none. @throws ForgeError INVALID_ARGUMENT when others may read it or it is damaged */
export async function readLogin(): Promise<StoredLogin | undefined> {
  const path = loginFile();
  const info = await stat(path).catch(() => undefined);
  if (info === undefined) return undefined;
  if ((info.mode & OTHERS) !== 0)
    throw new ForgeError('INVALID_ARGUMENT', `${path} holds tokens, but others may read it; run: chmod 600 ${path}`);
  const stored = parse(await readFile(path, 'utf8').catch(() => ''));
  if (Value.Check(Stored, stored)) return stored;
  throw new ForgeError('INVALID_ARGUMENT', `${path} is damaged; log in again: forge login`);
}

/** Keeps a login, for its owner alone: all of it or, after a crash, what was there before. @throws ForgeError STORE_UNAVAILABLE */
export async function writeLogin(login: StoredLogin): Promise<void> {
  const path = loginFile();
  const temporary = `${path}.${randomUUID()}`;
  try {
    await mkdir(configDir(), { recursive: true, mode: 0o700 });
    const file = await open(temporary, 'wx', 0o600);
    try {
      await file.writeFile(`${JSON.stringify(login)}\n`);
      await file.sync();
    } finally {
      await file.close();
    }
    await rename(temporary, path);
  } catch (error) {
    await rm(temporary, { force: true });
    throw new ForgeError('STORE_UNAVAILABLE', `the login cannot be kept: ${(error as Error).message}`, error);
  }
}

/** Forgets the login. */
export async function removeLogin(): Promise<void> {
  await rm(loginFile(), { force: true });
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
