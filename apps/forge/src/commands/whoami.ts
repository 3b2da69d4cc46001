import { Command } from 'commander';
import { ForgeError, type MeView } from '@agent-forge/contracts';
import { getMe, type Connection } from '@agent-forge/sdk';
import { callerOfToken } from '../session/token-claims.js';
import { accessOf, withClientOptions, type ClientOptions } from '../system/client.js';
import { columns } from '../terminal/columns.js';

const HELP = `
Examples:
  forge whoami
  forge whoami --json | jq -r .role`;

/** `forge whoami` */
export function whoamiCommand(): Command {
  return withClientOptions(new Command('whoami').description('which system commands go to, and as whom'))
    .option('--json', 'print one JSON object on stdout')
    .addHelpText('after', HELP)
    .action(whoami);
}

async function whoami({ json, ...client }: ClientOptions & { json?: true }): Promise<void> {
  const access = await accessOf(client);
  const { subject, tenant, role, scopes } = await askWho(access.auth());
  const url = access.places.gateway.origin;
  const found = { url, subject, tenant, role, scopes, by: access.means };
  const rows = [
    ['system', url],
    ['who', subject],
    ['tenant', tenant],
    ['role', role],
    ['by', access.means],
    ['scopes', scopes.join(' ')],
  ];
  process.stdout.write(json ? `${JSON.stringify(found)}\n` : columns(rows));
}

/** API keys may not ask for an account; the token that was given for one a moment ago says as much. */
async function askWho(auth: Connection): Promise<MeView> {
  try {
    return await getMe(auth);
  } catch (error) {
    if (!(error instanceof ForgeError) || error.code !== 'FORBIDDEN') throw error;
    return callerOfToken(await auth.token());
  }
}
