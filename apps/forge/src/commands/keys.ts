import { Command, Option } from 'commander';
import { printable, SCOPE_NAMES, type KeyView, type Scope } from '@agent-forge/contracts';
import { createKey, listKeys, revokeKey } from '@agent-forge/sdk';
import { integerOption } from '../options.js';
import { connectAuth, withClientOptions, type ClientOptions } from '../system/client.js';
import { columns } from '../terminal/columns.js';

type Json = ClientOptions & { readonly json?: true };

/** What a program needs that submits runs and fetches what they make. */
const USUAL_SCOPES: Scope[] = ['runs:read', 'runs:write', 'artifacts:read', 'artifacts:write'];

/** `forge keys` */
export function keysCommand(): Command {
  const list = verb('list', 'your API keys, oldest first', 'forge keys list')
    .option('--all', 'those of everybody, for admins')
    .action(showAll);
  const add = verb(
    'add',
    'make an API key; prints it, this once (use it as FORGE_API_KEY)',
    'forge keys add laptop --scope runs:read artifacts:read --days 30',
  )
    .alias('create')
    .argument('<name>', 'what it is for, for people')
    .addOption(
      new Option('--scope <names...>', 'what it is good for')
        .choices(SCOPE_NAMES)
        .default(USUAL_SCOPES, 'runs, artifacts'),
    )
    .option('--days <n>', 'how long it is good', integerOption(1), 90)
    .action(addOne);
  const revoke = verb(
    'revoke',
    'end an API key, everywhere within seconds',
    'forge keys revoke 01m83vgeqcs4pmhnmv2mr4r1wq',
  )
    .argument('<key>', 'its id')
    .action(revokeOne);
  const command = new Command('keys').description('API keys of a running system');
  return [list, add, revoke].reduce((all, each) => all.addCommand(each), command);
}

function verb(name: string, description: string, example: string): Command {
  return withClientOptions(new Command(name).description(description))
    .option('--json', 'print JSON on stdout')
    .addHelpText('after', `\nExample:\n  ${example}`);
}

async function showAll({ all, json, ...client }: Json & { all?: true }): Promise<void> {
  const keys = await listKeys(await connectAuth(client), all);
  print(json, { keys }, columns([['key', 'owner', 'ends', 'name', 'scopes'], ...keys.map(rowOf)]));
}

async function addOne(name: string, { scope, days, json, ...client }: Json & { scope: Scope[]; days: number }) {
  const made = await createKey(await connectAuth(client), { name, scopes: scope, days });
  print(json, made, `key  ${made.id}\ntext ${made.key}\n`);
}

async function revokeOne(key: string, { json, ...client }: Json): Promise<void> {
  await revokeKey(await connectAuth(client), key);
  print(json, { id: key }, `key ${printable(key)} is revoked\n`);
}

function rowOf({ id, owner, expiresAt, scopes, name }: KeyView): string[] {
  return [id, owner, expiresAt, printable(name), scopes.join(' ')];
}

function print(json: true | undefined, value: object, text: string): void {
  process.stdout.write(json ? `${JSON.stringify(value)}\n` : text);
}
