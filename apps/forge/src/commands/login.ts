import { Command, Option } from 'commander';
import { ForgeError } from '@agent-forge/contracts';
import { clientCredentials, getIssuer, login as logIn, revokeToken, sessionOf } from '@agent-forge/sdk';
import { readLogin, writeLogin, type StoredLogin } from '../session/session-file.js';
import { callerOfToken } from '../session/token-claims.js';
import { authOf, keyLogin, withClientOptions, type ClientOptions } from '../system/client.js';
import { placesOf } from '../system/places.js';
import { ask, askSecret, secretOfStdin } from '../terminal/ask.js';

interface Options extends ClientOptions {
  readonly issuer?: string;
  readonly user?: string;
  readonly passwordStdin?: true;
  readonly key?: string | true;
  readonly keyStdin?: true;
  readonly json?: true;
}

const HELP = `
What you log in with is asked for on the terminal, and not shown. Commands then go to this system, wherever they are typed, until forge logout. Other
people of this machine can see what stands on a command line: --key without a value asks for it.

Examples:
  forge login --user ada
  forge login --url https://forge.example --auth-url https://auth.forge.example --user ada
  forge login --key
  pass show forge | forge login --user ada --password-stdin`;

/** `forge login` */
export function loginCommand(): Command {
  return withClientOptions(new Command('login').description('log in at a system, with a password or an API key'))
    .addOption(new Option('--issuer <url>', 'the same as --auth-url').conflicts('authUrl'))
    .option('--user <name>', 'who you are (default: asked for)')
    .addOption(new Option('--password-stdin', 'read the password from standard input').conflicts(['key', 'keyStdin']))
    .addOption(new Option('--key [key]', 'log in with an API key instead (default: asked for)').conflicts('user'))
    .addOption(new Option('--key-stdin', 'read the API key from standard input').conflicts(['key', 'user']))
    .option('--json', 'print one JSON object on stdout')
    .addHelpText('after', HELP)
    .action(login);
}

async function login({ issuer, json, ...options }: Options): Promise<void> {
  const before = await readLogin().catch(() => undefined);
  const named = issuer === undefined ? options : { ...options, authUrl: issuer };
  const places = await placesOf(named, before);
  const where = { url: places.gateway.origin, authUrl: authOf(places).origin };
  // Before anybody types a password: is that an auth service at all?
  await getIssuer({ url: where.authUrl });
  const made = options.key || options.keyStdin ? await withKey(where, options) : await withPassword(where, options);
  await writeLogin(made);
  await end(before);
  const { subject, role, tenant } = await callerOf(made);
  const told = `logged in at ${where.url} as ${subject} (${role} of ${tenant})`;
  process.stdout.write(`${json ? JSON.stringify({ ...where, subject, role, tenant }) : told}\n`);
}

type Where = Pick<StoredLogin, 'url' | 'authUrl'>;

async function withPassword(where: Where, { user, passwordStdin }: Options): Promise<StoredLogin> {
  const subject = user ?? (await ask('user: ', 'say who you are with --user'));
  const password = passwordStdin
    ? await secretOfStdin('password')
    : await askSecret(`password of ${subject}: `, 'give it through --password-stdin');
  const session = sessionOf(await logIn({ url: where.authUrl }, { user: subject, password }));
  return { ...where, subject, session };
}

async function withKey(where: Where, { key, keyStdin }: Options): Promise<StoredLogin> {
  const text =
    typeof key === 'string'
      ? key
      : keyStdin
        ? await secretOfStdin('API key')
        : await askSecret('API key: ', 'give it through --key-stdin');
  const credentials = keyLogin(text.trim(), 'that');
  const token = await clientCredentials({ authUrl: where.authUrl, ...credentials })();
  return { ...where, subject: callerOfToken(token).subject, key: text.trim() };
}

async function callerOf(login: StoredLogin) {
  if ('session' in login) return callerOfToken(login.session.accessToken);
  return callerOfToken(await clientCredentials({ authUrl: login.authUrl, ...keyLogin(login.key) })());
}

/** Nobody can use a session whose file is gone; that it ends there too is tried, no more. */
async function end(before: StoredLogin | undefined): Promise<void> {
  if (before === undefined || !('session' in before)) return;
  await revokeToken({ url: before.authUrl }, before.session.refreshToken).catch((error: unknown) =>
    ForgeError.from(error),
  );
}
