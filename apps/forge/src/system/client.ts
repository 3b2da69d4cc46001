import { resolve } from 'node:path';
import { Option, type Command } from 'commander';
import { apiKeyId, ForgeError } from '@agent-forge/contracts';
import { apiKey, clientCredentials, type Connection, type TokenSource } from '@agent-forge/sdk';
import { authTokens, gatewayTokens } from '../session/login-tokens.js';
import { readLogin, type StoredLogin } from '../session/session-file.js';
import { readCredentials, type Credentials } from './credentials.js';
import { DEFAULT_DATA_DIR, DEFAULT_URL, isHere, placesOf, type PlaceOptions, type Places } from './places.js';

/** The options of every command that asks a running system. */
export type ClientOptions = PlaceOptions;

/** By what a command is let in. */
export type Means = 'API key of the environment' | 'client of the environment' | 'login' | 'local credential';

/** The way into a system, for the gateway and for the auth service. */
export interface Access {
  readonly places: Places;
  readonly means: Means;
  gateway(): Connection;
  /** @throws ForgeError INVALID_ARGUMENT when it is not known where that is */
  auth(): Connection;
}

/** Gives a command those options. */
export function withClientOptions(command: Command): Command {
  return command
    .addOption(
      new Option(
        '--url <url>',
        `the gateway of a running system (default: where you are logged in, else that of the data directory, or ${DEFAULT_URL})`,
      ).env('FORGE_URL'),
    )
    .addOption(new Option('--auth-url <url>', 'its auth service (default: the next port)').env('FORGE_AUTH_URL'))
    .option(
      '--data-dir <dir>',
      `the data directory of a system on this machine, to use that one (default: ${DEFAULT_DATA_DIR}, where you are not logged in)`,
    );
}

/** The way to the gateway. @throws as {@link accessOf} does */
export async function connectClient(options: ClientOptions): Promise<Connection> {
  return (await accessOf(options)).gateway();
}

/** The way to the auth service, for what it keeps. @throws as {@link accessOf} does */
export async function connectAuth(options: ClientOptions): Promise<Connection> {
  return (await accessOf(options)).auth();
}

/**
 * The way into a system: by what the environment has, else by the login there, else, on this machine, by the local credential of the data directory.
 * A login is good for its own gateway only, and the local credential never leaves this machine.
 * @throws ForgeError INVALID_ARGUMENT, UNAUTHENTICATED when there is nothing to be let in by
 */
export async function accessOf(options: ClientOptions): Promise<Access> {
  const stored = await readLogin();
  const places = await placesOf(options, stored);
  const login = loginFor(places, options, stored);
  const { FORGE_API_KEY: key } = process.env;
  // The gateway takes keys as they are, so that whoever has one needs to reach nothing else.
  if (key) return access(places, 'API key of the environment', apiKey(key), () => exchange(places, keyLogin(key)));
  const client = fromEnvironment();
  if (client) return access(places, 'client of the environment', undefined, () => exchange(places, client));
  if (login) return access(places, 'login', gatewayTokens(login), () => authTokens(login));
  const local = await fromDataDir(places, options);
  return access(places, 'local credential', undefined, () => exchange(places, local));
}

function access(places: Places, means: Means, ofGateway: TokenSource | undefined, ofAuth: () => TokenSource): Access {
  return {
    places,
    means,
    gateway: () => ({ url: places.gateway.href, token: ofGateway ?? ofAuth() }),
    auth: () => ({ url: authOf(places).href, token: ofAuth() }),
  };
}

function loginFor({ gateway }: Places, { dataDir, url }: ClientOptions, login: StoredLogin | undefined) {
  const isNamed = dataDir !== undefined && url === undefined;
  return login && !isNamed && new URL(login.url).origin === gateway.origin ? login : undefined;
}

function exchange(places: Places, credentials: Credentials): TokenSource {
  return clientCredentials({ authUrl: authOf(places).href, ...credentials });
}

/** @throws ForgeError INVALID_ARGUMENT */
export function authOf({ auth, gateway }: Places): URL {
  if (auth !== undefined) return auth;
  throw new ForgeError('INVALID_ARGUMENT', `name the auth service of ${gateway.origin} with --auth-url`);
}

function fromEnvironment(): Credentials | undefined {
  const { FORGE_CLIENT_ID: clientId, FORGE_CLIENT_SECRET: clientSecret } = process.env;
  return clientId && clientSecret ? { clientId, clientSecret } : undefined;
}

/** What an API key logs in with where keys are not taken as they are. @throws ForgeError INVALID_ARGUMENT */
export function keyLogin(key: string, where = 'FORGE_API_KEY'): Credentials {
  const id = apiKeyId(key);
  if (id !== undefined) return { clientId: id, clientSecret: key };
  throw new ForgeError('INVALID_ARGUMENT', `${where} is no API key; was it copied whole?`);
}

/** Where no system runs, nobody may get the credential who happens to listen at its usual place. */
async function fromDataDir({ gateway, isLocal }: Places, { dataDir, url }: ClientOptions): Promise<Credentials> {
  const dir = resolve(dataDir ?? DEFAULT_DATA_DIR);
  if (!isLocal && url === undefined)
    throw new ForgeError(
      'UNAUTHENTICATED',
      `no system runs in ${dir}, and you are not logged in at another; start one with: forge up, name its folder with --data-dir, or log in with: forge login --url URL`,
    );
  const found = isHere(gateway) ? await readCredentials(dir).catch(() => undefined) : undefined;
  if (found) return found;
  throw new ForgeError(
    'UNAUTHENTICATED',
    `you are not logged in at ${gateway.origin}; log in with: forge login --url ${gateway.origin}, or set FORGE_API_KEY`,
  );
}
