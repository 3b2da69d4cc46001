import { resolve } from 'node:path';
import { ForgeError } from '@agent-forge/contracts';
import type { StoredLogin } from '../session/session-file.js';
import { readEndpoints } from './endpoints.js';

/** Where `forge up` listens when it is told nothing. */
export const DEFAULT_URL = 'http://127.0.0.1:8083';
/** Where `forge up` keeps everything when it is told nothing. */
export const DEFAULT_DATA_DIR = 'forge-data';

const HERE = /^(localhost|127(\.\d{1,3}){3}|\[::1\])$/;

/** Where gateway and auth service are, as the options and the environment say. */
export interface PlaceOptions {
  readonly url?: string;
  readonly authUrl?: string;
  readonly dataDir?: string;
}

/** Where a system is. */
export interface Places {
  readonly gateway: URL;
  /** Undefined where it cannot be known. */
  readonly auth: URL | undefined;
  /** Whether a system runs in the data directory, as far as that says. */
  readonly isLocal: boolean;
}

/** Whether an address is this machine's own. */
export function isHere({ hostname }: URL): boolean {
  return HERE.test(hostname);
}

/**
 * Where the system is that a command means: the one that is named (`--url`, `--data-dir`), the one of the login, the one of this folder.
 * @throws ForgeError INVALID_ARGUMENT for what is no URL, or one that would carry secrets for everybody to read
 */
export async function placesOf(options: PlaceOptions, login: StoredLogin | undefined): Promise<Places> {
  const { url, authUrl, dataDir } = options;
  const local = await readEndpoints(resolve(dataDir ?? DEFAULT_DATA_DIR));
  const chosen = url ?? (dataDir === undefined ? login?.url : undefined) ?? local?.url ?? DEFAULT_URL;
  const gateway = parseUrl(chosen);
  const known = [login, local].find((one) => one !== undefined && new URL(one.url).origin === gateway.origin)?.authUrl;
  const auth = authUrl ?? known;
  return {
    gateway,
    auth: auth === undefined ? besides(gateway) : parseUrl(auth),
    isLocal: local !== undefined && new URL(local.url).origin === gateway.origin,
  };
}

/** On one machine the auth service has the next port; elsewhere nobody can know. */
function besides(gateway: URL): URL | undefined {
  if (!isHere(gateway)) return undefined;
  const auth = new URL(gateway);
  auth.port = String(Number(gateway.port || 80) + 1);
  return auth;
}

function parseUrl(text: string): URL {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url?.protocol !== 'http:' && url?.protocol !== 'https:')
    throw new ForgeError('INVALID_ARGUMENT', `"${text}" is no URL; give one such as ${DEFAULT_URL}`);
  if (url.protocol === 'http:' && !isHere(url))
    throw new ForgeError('INVALID_ARGUMENT', `${url.origin} would carry passwords and tokens in the clear; use https`);
  return url;
}
