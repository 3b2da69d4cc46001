import { randomBytes } from 'node:crypto';
import { Command, Option } from 'commander';
import { ForgeError, printable, ROLES, type PrincipalView, type Role } from '@agent-forge/contracts';
import { changeUser, createUser, listUsers, removeUser, resetPassword } from '@agent-forge/sdk';
import { connectAuth, withClientOptions, type ClientOptions } from '../system/client.js';
import { columns } from '../terminal/columns.js';

type Json = ClientOptions & { readonly json?: true };

/** 144 bits, in 24 characters that can be typed. */
const PASSWORD_BYTES = 18;

/** `forge users` */
export function usersCommand(): Command {
  const role = (text: string) => new Option('--role <role>', text).choices(ROLES);
  const list = verb('list', 'all users, by their names', 'forge users list').action(showAll);
  const add = verb('add', 'make a user; prints a random password, this once', 'forge users add ada --role builder')
    .alias('create')
    .argument('<user>', 'a name of a-z and 0-9')
    .addOption(role('what the user may do').makeOptionMandatory())
    .option('--tenant <tenant>', 'another tenant than your own')
    .action(addOne);
  const set = verb('set', 'change a user; its sessions end', 'forge users set ada --role viewer')
    .argument('<user>', 'its name')
    .addOption(role('what the user may do from now on'))
    .addOption(new Option('--disable', 'let it in no more').conflicts('enable'))
    .option('--enable', 'let it in again')
    .action(setOne);
  const reset = verb('reset', 'give a user another random password; its sessions end', 'forge users reset ada')
    .argument('<user>', 'its name')
    .action(resetOne);
  const remove = verb('remove', 'remove a user with its API keys', 'forge users remove ada')
    .argument('<user>', 'its name')
    .action(removeOne);
  const command = new Command('users').description('users of a running system, for admins');
  return [list, add, set, reset, remove].reduce((all, each) => all.addCommand(each), command);
}

function verb(name: string, description: string, example: string): Command {
  return withClientOptions(new Command(name).description(description))
    .option('--json', 'print JSON on stdout')
    .addHelpText('after', `\nExample:\n  ${example}`);
}

async function showAll({ json, ...client }: Json): Promise<void> {
  const users = await listUsers(await connectAuth(client));
  print(json, { users }, columns([['user', 'tenant', 'role', 'state', 'made'], ...users.map(rowOf)]));
}

async function addOne(id: string, { role, tenant, json, ...client }: Json & { role: Role; tenant?: string }) {
  const password = randomPassword();
  const request = { id, role, password, ...(tenant === undefined ? {} : { tenant }) };
  const made = await createUser(await connectAuth(client), request);
  print(json, { ...made, password }, `user     ${made.id}\npassword ${password}\n`);
}

async function resetOne(id: string, { json, ...client }: Json): Promise<void> {
  const password = randomPassword();
  await resetPassword(await connectAuth(client), id, password);
  print(json, { id, password }, `user     ${printable(id)}\npassword ${password}\n`);
}

function randomPassword(): string {
  return randomBytes(PASSWORD_BYTES).toString('base64url');
}

interface SetOptions extends Json {
  role?: Role;
  disable?: true;
  enable?: true;
}

async function setOne(id: string, { role, disable, enable, json, ...client }: SetOptions): Promise<void> {
  if (!role && !disable && !enable)
    throw new ForgeError('INVALID_ARGUMENT', 'say what is to change: --role, --disable or --enable');
  const state = disable || enable ? { isDisabled: disable === true } : {};
  const changed = await changeUser(await connectAuth(client), id, {
    ...state,
    ...(role === undefined ? {} : { role }),
  });
  print(json, changed, `user ${changed.id} is ${stateOf(changed)}, ${changed.role}\n`);
}

async function removeOne(id: string, { json, ...client }: Json): Promise<void> {
  await removeUser(await connectAuth(client), id);
  print(json, { id }, `user ${printable(id)} is gone\n`);
}

function rowOf(user: PrincipalView): string[] {
  return [user.id, user.tenant, user.role, stateOf(user), user.createdAt];
}

function stateOf({ isDisabled }: PrincipalView): string {
  return isDisabled ? 'disabled' : 'active';
}

function print(json: true | undefined, value: object, text: string): void {
  process.stdout.write(json ? `${JSON.stringify(value)}\n` : text);
}
