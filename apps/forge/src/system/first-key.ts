import { mkdir, stat, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { SCOPE_NAMES, type Scope } from '@agent-forge/contracts';
import { createKey } from '@agent-forge/sdk';
import type { System } from './system.js';

/** The longest that a key can be good. */
const DAYS = 366;
/** All that an admin may do but to make keys, which no key can. */
const SCOPES: Scope[] = SCOPE_NAMES.filter((scope) => scope !== 'account');

/** Where something is shown to whoever typed the command. */
export interface Terminal {
  readonly isTTY?: boolean;
  write(text: string): unknown;
}

/**
 * Makes the admin's API key, at the first start of a data directory with a broker of its own, and shows it once, on the terminal and nowhere else: its
 * text is kept by nobody. Where there is no terminal none is made; the first start that has one does it, or `forge keys add`.
 * @param terminals in the order of preference; what is no terminal, such as a file that output goes to, gets nothing
 */
export async function showFirstKey(
  { dataDir, broker, authUrl, connection }: Pick<System, 'dataDir' | 'broker' | 'authUrl' | 'connection'>,
  terminals: readonly Terminal[] = [process.stderr, process.stdout],
): Promise<void> {
  const terminal = terminals.find(({ isTTY }) => isTTY);
  const mark = markOf(dataDir);
  const isDone = await stat(mark).then(
    () => true,
    () => false,
  );
  if (broker.pid === undefined || terminal === undefined || isDone) return;
  const auth = { url: authUrl, token: connection.token };
  const { id, key } = await createKey(auth, { name: 'first admin', scopes: SCOPES, days: DAYS });
  // Before it is shown: a key that nobody has seen is less harm than two that somebody has.
  await mkdir(dirname(mark), { recursive: true });
  await writeFile(mark, `${JSON.stringify({ id })}\n`, { flag: 'wx', mode: 0o600 });
  terminal.write(
    `admin key  ${key}\n           shown this once and kept nowhere; good for a year. Log in elsewhere with: forge login --key\n\n`,
  );
}

/** Says that the key was shown, and its id, by which it can be revoked. */
function markOf(dataDir: string): string {
  return join(dataDir, 'auth', 'first-key.json');
}
