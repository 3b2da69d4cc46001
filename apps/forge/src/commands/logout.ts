import { Command } from 'commander';
import { ForgeError } from '@agent-forge/contracts';
import { revokeToken } from '@agent-forge/sdk';
import { readLogin, removeLogin, type StoredLogin } from '../session/session-file.js';

const HELP = `
The session ends at the system too. An API key does not: it is only forgotten here; forge keys revoke ends it.

Example:
  forge logout`;

/** `forge logout` */
export function logoutCommand(): Command {
  return new Command('logout')
    .description('end the session, and forget it')
    .option('--json', 'print one JSON object on stdout')
    .addHelpText('after', HELP)
    .action(logout);
}

async function logout({ json }: { json?: true }): Promise<void> {
  let login: StoredLogin | undefined;
  try {
    login = await readLogin();
  } finally {
    // Also one that cannot be read.
    await removeLogin();
  }
  const told = login ? await end(login) : { loggedOut: false, note: 'you were not logged in' };
  process.stdout.write(json ? `${JSON.stringify(told)}\n` : `${told.note}\n`);
}

async function end(login: StoredLogin): Promise<{ loggedOut: boolean; subject: string; url: string; note: string }> {
  const { subject, url, authUrl } = login;
  const done = (note: string) => ({ loggedOut: true, subject, url, note });
  if (!('session' in login)) return done(`the API key of ${subject} at ${url} is forgotten here; it is still good`);
  try {
    await revokeToken({ url: authUrl }, login.session.refreshToken);
    return done(`${subject} is logged out of ${url}`);
  } catch (thrown) {
    const { message } = ForgeError.from(thrown);
    return done(`${subject} is logged out of ${url} here; the session ends there by itself, since ${message}`);
  }
}
