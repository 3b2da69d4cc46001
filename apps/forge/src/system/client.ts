import { resolve } from 'node:path';
import { Option, type Command } from 'commander';
import { apiKeyId, ForgeError } from '@agent-forge/contracts';
import { clientCredentials, type Connection, type TokenSource } from '@agent-forge/sdk';
import { readEndpoints } from './endpoints.js';
import { credentialsFile, readCredentials, type Credentials } from './credentials.js';

/** Where `forge up` listens when it is told nothing. */
const DEFAULT_URL = 'http://127.0.0.1:8083';

/** The options of every command that asks a running system. */
export interface ClientOptions {
  readonly url?: string;
  readonly authUrl?: string;
  readonly dataDir: string;
}

/** Gives a command those options. */
export function withClientOptions(command: Command): Command {
  return command
    .addOption(
      new Option(
        '--url <url>',
        `the gateway of a running system (default: that of the data directory, or ${DEFAULT_URL})`,
      ).env('FORGE_URL'),
    )
    .addOption(new Option('--auth-url <url>', 'its auth service (default: the next port)').env('FORGE_AUTH_URL'))
    .option(
      '--data-dir <dir>',
      'its data directory, for the credentials; or set FORGE_API_KEY, or FORGE_CLIENT_ID and FORGE_CLIENT_SECRET',
      'forge-data',
    );
}

/** The way into a running system. @throws ForgeError INVALID_ARGUMENT, UNAUTHENTICATED when there are no credentials */
export async function connectClient(options: ClientOptions): Promise<Connection> {
  const { gateway, auth } = await placesOf(options);
  const { FORGE_API_KEY: key } = process.env;
  // The gateway takes keys as they are, so that whoever has one needs to reach nothing else.
  const token = key ? () => Promise.resolve(key) : await tokensOf(auth, options);
  return { url: gateway.href, token };
}

/** The way to the auth service of a running system, for what it keeps. @throws as {@link connectClient} does */
export async function connectAuth(options: ClientOptions): Promise<Connection> {
  const { auth } = await placesOf(options);
  return { url: auth.href, token: await tokensOf(auth, options) };
}

async function placesOf(options: ClientOptions): Promise<{ gateway: URL; auth: URL }> {
  const { url = DEFAULT_URL, authUrl } = options.url === undefined ? await here(options) : options;
  const gateway = parseUrl(url);
  return { gateway, auth: authUrl === undefined ? nextPort(gateway) : parseUrl(authUrl) };
}

async function tokensOf(auth: URL, { dataDir }: ClientOptions): Promise<TokenSource> {
  const credentials = fromEnvironment() ?? (await fromDataDir(dataDir));
  return clientCredentials({ authUrl: auth.href, ...credentials });
}

/** What runs in the data directory, and an auth service that was named besides. */
async function here({ dataDir, authUrl }: ClientOptions): Promise<Omit<ClientOptions, 'dataDir'>> {
  return { ...(await readEndpoints(resolve(dataDir))), ...(authUrl === undefined ? {} : { authUrl }) };
}

/** @throws ForgeError INVALID_ARGUMENT */
function fromEnvironment(): Credentials | undefined {
  const { FORGE_API_KEY: key, FORGE_CLIENT_ID: clientId, FORGE_CLIENT_SECRET: clientSecret } = process.env;
  if (key) return { clientId: keyId(key), clientSecret: key };
  return clientId && clientSecret ? { clientId, clientSecret } : undefined;
}

function keyId(key: string): string {
  const id = apiKeyId(key);
  if (id !== undefined) return id;
  throw new ForgeError('INVALID_ARGUMENT', 'FORGE_API_KEY is no API key; was it copied whole?');
}

async function fromDataDir(dataDir: string): Promise<Credentials> {
  try {
    return await readCredentials(resolve(dataDir));
  } catch (error) {
    throw new ForgeError(
      'UNAUTHENTICATED',
      `no credentials: ${credentialsFile(resolve(dataDir))} cannot be read; name the data directory with --data-dir, or set FORGE_API_KEY, or FORGE_CLIENT_ID and FORGE_CLIENT_SECRET`,
      error,
    );
  }
}

function nextPort(gateway: URL): URL {
  const auth = new URL(gateway);
  auth.port = String(Number(gateway.port || 80) + 1);
  return auth;
}

function parseUrl(text: string): URL {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url?.protocol === 'http:' || url?.protocol === 'https:') return url;
  throw new ForgeError('INVALID_ARGUMENT', `"${text}" is no URL; give one such as ${DEFAULT_URL}`);
}
